"""Finds the processes that a fault is about: on the machine, by what they run."""

from collections.abc import Iterable
from contextlib import suppress

import psutil

from stack.supervisor import Supervisor
from tests.integration.stack import Stack


def component(stack: Stack, name: str) -> psutil.Process:
    """Give the process of a supervised component."""
    pid = Supervisor(stack.state).processes()[name].pid
    assert pid, f"{name} does not run"
    return psutil.Process(pid)


def python_workers(stack: Stack) -> list[psutil.Process]:
    """Give the Python workers of the executors, idle ones too."""
    return running(stack, "pyspark.daemon")


def is_connected(process: psutil.Process, port: int) -> bool:
    """Tell whether a process has a connection that uses a local port."""
    try:
        return port in {connection.laddr.port for connection in process.net_connections("tcp") if connection.laddr}
    except psutil.Error:  # it ended meanwhile
        return False


def executors(stack: Stack) -> list[psutil.Process]:
    """Give the JVM of each executor."""
    return running(stack, "org.apache.spark.executor.CoarseGrainedExecutorBackend")


def executor_of(worker: psutil.Process) -> psutil.Process:
    """Give the executor's JVM above a Python worker."""
    return next(one for one in worker.parents() if is_running(one, "CoarseGrainedExecutorBackend"))


def driver_jvms(stack: Stack) -> list[psutil.Process]:
    """Give the JVM of each driver on the cluster."""
    return running(stack, "org.apache.spark.deploy.worker.DriverWrapper")


def driver_pythons(stack: Stack) -> list[psutil.Process]:
    """Give the Python process of each driver on the cluster."""
    return [process for process in running(stack, "users_stream.py") if _is_python(process)]


def orphans(stack: Stack) -> list[str]:
    """Describe Python processes of the stream whose JVM is gone."""
    found = []
    for process in [*driver_pythons(stack), *running(stack, "pyspark.daemon")]:
        try:
            if not any("java" in parent.name() for parent in process.parents()):
                found.append(f"process {process.pid} has lost its JVM: {' '.join(process.cmdline())}")
        except psutil.NoSuchProcess:
            continue
    return found


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill them, those that live."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def cut_the_power(stack: Stack) -> None:
    """Kill everything of the stack, twice: what was started in between, too."""
    kill(stack.processes())
    kill(stack.processes())


def running(stack: Stack, argument: str) -> list[psutil.Process]:
    """Give the processes of the stack that have an argument which ends so."""
    return [process for process in stack.processes() if is_running(process, argument)]


def is_running(process: psutil.Process, argument: str) -> bool:
    """Tell whether a process has an argument that ends so."""
    try:
        return any(given.endswith(argument) for given in process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return False


def _is_python(process: psutil.Process) -> bool:
    try:
        return "python" in process.name()
    except psutil.Error:
        return False
