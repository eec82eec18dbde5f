"""Starting and stopping the stream on the cluster, so that two are never started for one wish."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster, SparkMaster, Submission
from pipeline_defs.supervision import APPLICATION_NAME

_REPOSITORY = Path(__file__).parent.parent


class StreamError(PipelineError):
    """The stream could not be brought into the state that is wanted."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for the stream to go, looking once a second."""

    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def outlasts(self, condition: Callable[[], bool]) -> bool:
        """Wait while a condition holds; say whether it ended in time."""
        end = self.clock() + self.seconds
        while condition():
            if self.clock() >= end:
                return False
            self.sleep(1.0)
        return True


def submission(settings: Settings) -> Submission:
    """Make what the master is asked to run. Passwords travel in the workers' own environment, never here."""
    properties = {
        "spark.master": settings.spark_master_url,
        "spark.app.name": APPLICATION_NAME,
        "spark.submit.deployMode": "cluster",
        "spark.jars": "",
        "spark.driver.supervise": "true",
        "spark.driver.cores": "1",
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.executor.memory": settings.spark_executor_memory,
        "spark.cores.max": str(settings.spark_cores_max),
        "spark.pyspark.python": settings.spark_python,
        "spark.pyspark.driver.python": settings.spark_python,
        "spark.pipeline.codeVersion": code_version(),
    }
    if settings.spark_class_path:
        properties["spark.driver.extraClassPath"] = settings.spark_class_path
        properties["spark.executor.extraClassPath"] = settings.spark_class_path
    return Submission(settings.spark_application, properties)


def code_version(repository: Path = _REPOSITORY) -> str:
    """Give a short hash of what the stream is made of: `spark/`, `sql/` and the lock file."""
    files = sorted(
        path
        for folder in ("spark", "sql")
        for path in (repository / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".json"}
    )
    digest = hashlib.sha256()
    for path in [*files, repository / "requirements.lock"]:
        if path.is_file():
            digest.update(str(path.relative_to(repository)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def present(cluster: Cluster) -> str | None:
    """Name the stream's application or driver on the cluster; None if there is neither."""
    for application in cluster.applications:
        if application.name == APPLICATION_NAME:
            return application.id
    return cluster.drivers[0].id if cluster.drivers else None


def start(database: Database, master: SparkMaster, settings: Settings, wanted_by: str | None) -> str:
    """Submit the stream unless it is there, and say what was done.

    Args:
        database: the tables; `stream_state` says what is wanted.
        master: the Spark master.
        settings: what is submitted, and with how much memory and how many cores.
        wanted_by: who wants the stream running from now on; None to start it only if it is wanted already.

    Raises:
        StreamError: another start is under way.
        SparkMasterError: the master can't be reached, or refuses.
        DatabaseError: PostgreSQL can't be reached.
    """
    with database.session() as session:
        if wanted_by is not None:
            # Committed first: the driver's own first act is to ask whether it is wanted.
            session.run("stream_state_want", wanted="running", changed_by=wanted_by, code_version=code_version())
        with session.transaction():
            if not session.run("stream_start_lock")[0]["alone"]:
                raise StreamError("Another start_stream run is at work. Wait for it; its result is this one's.")
            if session.run("stream_state_read")[0]["wanted"] != "running":
                return "not started: it is wanted stopped"
            found = present(master.cluster())
            if found:
                return f"not started: {found} is already there"
            return f"submitted as {master.submit(submission(settings))}"


def stop(database: Database, master: SparkMaster, wanted_by: str, patience: Patience) -> str:
    """Want the stream stopped, wait until its driver has ended by itself, kill it if it does not, and say which.

    Raises:
        StreamError: it is there still, also after the kill.
        SparkMasterError: the master can't be reached. What is wanted is stored nevertheless.
        DatabaseError: PostgreSQL can't be reached.
    """
    database.run("stream_state_want", wanted="stopped", changed_by=wanted_by, code_version=None)
    if patience.outlasts(lambda: present(master.cluster()) is not None):
        return "stopped by itself"
    for driver in master.cluster().drivers:
        master.kill(driver.id)
    if patience.outlasts(lambda: present(master.cluster()) is not None):
        return f"killed after {patience.seconds:.0f} s"
    raise StreamError(
        f"The stream is wanted stopped, but {present(master.cluster())} is still on the cluster after a kill. "
        f"Look at {master.ui_url} for the worker that holds it."
    )
