"""The operating system's view: processes of a stack that have lost their supervisor, and who listens on a port."""

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack.components import HOST
from stack.state import State
from stack.supervisor import MARK


def marked(state: State) -> list[psutil.Process]:
    """Give every living process of the stack of this state folder, supervised or not."""
    found = [process for process in psutil.process_iter() if _has_mark(process, state)]
    # PostgreSQL's processes may write over their environment; its pid file names the first of them.
    try:
        pid = int((state.postgresql / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        server = psutil.Process(pid)
        if server not in found and str(state.postgresql) in server.cmdline():
            found.append(server)
        found += [child for child in server.children() if child not in found and server in found]
    except (OSError, ValueError, IndexError, psutil.Error):
        pass
    return found


def _has_mark(process: psutil.Process, state: State) -> bool:
    try:
        return process.environ().get(MARK) == str(state.root)
    except (psutil.Error, OSError):
        return False


def end(processes: Iterable[psutil.Process], seconds: float = 20.0) -> int:
    """Ask these processes to end, kill those that don't, and give how many there were."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=10)
    return len(processes)


@dataclass(frozen=True)
class Usage:
    """What a process and all its descendants use."""

    memory_bytes: int
    cpu_seconds: float


def usage(pid: int) -> Usage:
    """Give memory (shared pages counted once where the system tells) and processor time since the start."""
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
    except psutil.Error:
        return Usage(0, 0.0)
    memory, cpu = 0, 0.0
    for process in family:
        try:
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += _memory(process)
        except psutil.Error:
            continue
    return Usage(memory, cpu)


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.errno not in (errno.EADDRINUSE, errno.EACCES)
        return True


@dataclass(frozen=True)
class Owner:
    """A process that listens on a port."""

    pid: int
    name: str
    account: str

    def __str__(self) -> str:
        return f"{self.name}, process {self.pid} of {self.account}"


def port_owner(port: int) -> Owner | None:
    """Give the process that listens on a port, or None where this account may not know."""
    for process in psutil.process_iter(["name", "username"]):
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return Owner(process.pid, process.info["name"], process.info["username"])
    return None


def free_bytes(folder: Path) -> int:
    """Give the room left on the disk of a folder that may not exist yet."""
    return psutil.disk_usage(str(nearest_existing(folder))).free


def nearest_existing(path: Path) -> Path:
    """Give this path, or the nearest one above it that exists, as far as this account can see."""
    return next(each for each in (path, *path.parents) if os.path.exists(each))  # noqa: PTH110 - never raises
