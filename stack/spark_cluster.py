"""The Spark standalone cluster: a master that recovers from its folder, and two workers of three cores each.

The stream takes four: its driver one, its executors three. The rest is for what runs on when a worker is away.
"""

import shutil
from pathlib import Path

from stack.components import HOST, Component, Probe, Site
from stack.passwords import placeholder
from stack.postgres import DATABASE
from stack.state import State, write_private

LOG_CONFIGURATION = Path(__file__).with_name("spark_log4j2.properties")
WORKERS = (1, 2)
CORES_PER_WORKER = 3
MEMORY_PER_WORKER = "2g"

_DAEMON_MEMORY = "256m"
_JVM = "-XX:+UseSerialGC -XX:-UsePerfData -XX:MaxMetaspaceSize=160m"


def components(site: Site, chosen: dict[str, str]) -> list[Component]:
    """Give the master and the workers.

    Args:
        site: where the stack is.
        chosen: the pipeline's settings that the user chose; drivers and executors inherit them from the worker.
    """
    return [_master(site), *(_worker(site, number, chosen) for number in WORKERS)]


def _master(site: Site) -> Component:
    options = {
        "spark.deploy.recoveryMode": "FILESYSTEM",
        "spark.deploy.recoveryDirectory": str(site.state.spark / "recovery"),
        "spark.master.rest.enabled": "true",
        "spark.master.rest.host": HOST,
        "spark.master.rest.port": str(site.port("spark-master-rest")),
    }
    return Component(
        name="spark-master",
        command=(
            *(str(site.spark_home / "bin" / "spark-class"), "org.apache.spark.deploy.master.Master"),
            *("--host", HOST, "--port", str(site.port("spark-master"))),
            *("--webui-port", str(site.port("spark-master-ui"))),
        ),
        probe=Probe.SPARK_MASTER,
        ports=(site.port("spark-master-ui"), site.port("spark-master"), site.port("spark-master-rest")),
        environment=_environment(site) | {"SPARK_MASTER_OPTS": _java_options(options)},
    )


def _worker(site: Site, number: int, chosen: dict[str, str]) -> Component:
    folder = site.state.spark / f"worker-{number}"
    # A worker hands its own environment on to drivers and executors: no secret travels through Spark's properties.
    for_the_stream = {
        "USERS_STREAM_DATABASE_URL": site.database_url("users_stream", DATABASE, placeholder("users_stream")),
        "KAFKA_BOOTSTRAP_SERVERS": site.bootstrap_servers,
        "STREAM_CHECKPOINT_ROOT": str(site.state.spark / "checkpoints"),
        "PYTHONPATH": str(site.repository),
    }
    options = {
        # The folders of drivers and applications that have ended go after a day.
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.interval": "1800",
        "spark.worker.cleanup.appDataTtl": "86400",
        # A worker writes the logs of its executors, by its own configuration and not by the application's.
        "spark.executor.logs.rolling.strategy": "size",
        "spark.executor.logs.rolling.maxSize": str(5 * 2**20),
        "spark.executor.logs.rolling.maxRetainedFiles": "3",
    }
    return Component(
        name=f"spark-worker-{number}",
        command=(
            *(str(site.python), str(Path(__file__).with_name("with_passwords.py")), str(site.state.passwords)),
            *(str(site.spark_home / "bin" / "spark-class"), "org.apache.spark.deploy.worker.Worker"),
            *("--host", HOST, "--port", str(site.port(f"spark-worker-{number}"))),
            *("--webui-port", str(site.port(f"spark-worker-{number}-ui"))),
            *("--cores", str(CORES_PER_WORKER), "--memory", MEMORY_PER_WORKER, "--work-dir", str(folder)),
            site.url("spark-master", "spark"),
        ),
        probe=Probe.SPARK_WORKER,
        ports=(site.port(f"spark-worker-{number}-ui"), site.port(f"spark-worker-{number}")),
        environment=chosen | _environment(site) | for_the_stream | {"SPARK_WORKER_OPTS": _java_options(options)},
        needs=("spark-master",),
        folder=folder,
    )


def _java_options(options: dict[str, str]) -> str:
    return " ".join(f"-D{name}={value}" for name, value in options.items())


def _environment(site: Site) -> dict[str, str]:
    return {
        "SPARK_HOME": str(site.spark_home),
        "JAVA_HOME": str(site.java.parent.parent),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_PUBLIC_DNS": HOST,
        "SPARK_DAEMON_MEMORY": _DAEMON_MEMORY,
        "SPARK_DAEMON_JAVA_OPTS": _JVM,
        "SPARK_LOCAL_DIRS": str(site.state.spark / "local"),
        "SPARK_CONF_DIR": str(site.state.spark / "conf"),
    }


def prepare(site: Site) -> None:
    """Make the folders that the cluster writes to, and say what its JVMs log."""
    for name in ("recovery", "checkpoints", "local", "conf", *(f"worker-{number}" for number in WORKERS)):
        (site.state.spark / name).mkdir(mode=0o700, exist_ok=True)
    text = LOG_CONFIGURATION.read_text(encoding="utf-8")
    write_private(site.state.spark / "conf" / "log4j2.properties", text)


def stream_logs(state: State) -> list[Path]:
    """Give the logs of the newest driver, none if there was no driver: what Spark says, and what the stream says."""
    # Drivers are named by the time of their submission.
    newest = max(state.spark.glob("worker-*/driver-*"), key=lambda folder: folder.name, default=None)
    return [newest / "stderr", newest / "stdout"] if newest else []


def forget_the_gone(state: State) -> None:
    """Delete the scratch files of executors, none of which runs any more."""
    shutil.rmtree(state.spark / "local", ignore_errors=True)
