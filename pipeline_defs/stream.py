"""Starting and stopping the stream on the cluster, so that two are never started for one wish."""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline_defs.database import Database, Row
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster, SparkMaster, Submission
from pipeline_defs.supervision import APPLICATION_NAME, Action

_REPOSITORY = Path(__file__).parent.parent
CODE_FOLDERS = ("contract", "spark", "sql")
_CODE = {".py", ".sql", ".json"}
# A driver that is killed gets so long to go.
_KILL_SECONDS = 60.0
# The heaps are small. A driver plans and never processes records: to compile its code thoroughly delays its start.
_EXECUTOR_JVM = "-XX:+UseSerialGC"
_DRIVER_JVM = f"{_EXECUTOR_JVM} -XX:TieredStopAtLevel=1"


class StreamError(PipelineError):
    """The stream could not be brought into the state that is wanted."""


@dataclass(frozen=True)
class Done:
    """What was done, for people, and the driver that came of it, if one did."""

    what: str
    driver_id: str | None = None


@dataclass(frozen=True)
class Patience:
    """How long to wait for the stream to go, looking once a second."""

    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def outlasts(self, condition: Callable[[], object]) -> bool:
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
        "spark.driver.extraJavaOptions": _DRIVER_JVM,
        "spark.executor.extraJavaOptions": _EXECUTOR_JVM,
        "spark.cores.max": str(settings.spark_cores_max),
        "spark.pyspark.python": settings.spark_python,
        "spark.pyspark.driver.python": settings.spark_python,
        "spark.pipeline.codeVersion": code_version(settings),
    }
    if settings.spark_class_path:
        properties["spark.driver.extraClassPath"] = settings.spark_class_path
        properties["spark.executor.extraClassPath"] = settings.spark_class_path
    return Submission(settings.spark_application, properties)


def code_version(settings: Settings, repository: Path = _REPOSITORY) -> str:
    """Give a short hash of what makes the stream what it is.

    That is `contract/`, `spark/`, `sql/` and the lock file, the consumer's settings of file and environment, and the
    memory and cores that it is submitted with.
    """
    code = [path for folder in CODE_FOLDERS for path in (repository / folder).rglob("*") if path.suffix in _CODE]
    digest = hashlib.sha256()
    for path in [*sorted(code), repository / "requirements.lock"]:
        if path.is_file():
            digest.update(str(path.relative_to(repository)).encode() + b"\0" + path.read_bytes() + b"\0")
    consumer = settings.stream_variables.get("STREAM_CONSUMER_FILE")
    if consumer and Path(consumer).is_file():
        digest.update(Path(consumer).read_bytes())
    chosen = {
        **settings.stream_variables,
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.executor.memory": settings.spark_executor_memory,
        "spark.driver.extraJavaOptions": _DRIVER_JVM,
        "spark.executor.extraJavaOptions": _EXECUTOR_JVM,
        "spark.cores.max": str(settings.spark_cores_max),
    }
    digest.update(json.dumps(chosen, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def present(cluster: Cluster) -> list[str]:
    """Name the stream's applications and drivers on the cluster."""
    applications = [app.id for app in cluster.applications if app.name == APPLICATION_NAME]
    return [*applications, *(driver.id for driver in cluster.drivers)]


def want(database: Database, settings: Settings, wanted_by: str) -> None:
    """Want the stream running from now on: failed starts before this don't count any more.

    Raises:
        DatabaseError: PostgreSQL can't be reached.
    """
    version = code_version(settings)
    database.run("stream_state_want", wanted="running", changed_by=wanted_by, code_version=version)


def start(database: Database, master: SparkMaster, settings: Settings) -> Done:
    """Submit the stream if it is wanted and not there, and say what was done.

    Raises:
        StreamError: another start is under way.
        SparkMasterError: the master can't be reached, or refuses.
        DatabaseError: PostgreSQL can't be reached.
    """
    with database.session() as session, session.transaction():
        if not session.run("stream_start_lock")[0]["alone"]:
            raise StreamError("Another run starts the stream already. Wait for it; its result is this one's.")
        [wanted] = session.run("stream_state_read")
        if wanted["wanted"] != "running" or wanted["gave_up_at"]:
            return Done("not started: it is wanted stopped, or its starts failed too often")
        found = present(master.cluster())
        if found:
            return Done(f"not started: {found[0]} is already there")
        driver_id = master.submit(submission(settings))
        return Done(f"submitted as {driver_id}", driver_id)


def restart(database: Database, master: SparkMaster, settings: Settings, patience: Patience) -> Done:
    """End what is there, after its batch if it still listens, and submit anew.

    Raises:
        StreamError, SparkMasterError, DatabaseError: as `start`, or what was there doesn't end.
    """
    there = present(master.cluster())
    database.run("stream_state_restart")
    ended = _end(master, there, patience) if there else "was not there"
    done = start(database, master, settings)
    return Done(f"{ended}; {done.what}", done.driver_id)


def stop(database: Database, master: SparkMaster, wanted_by: str, patience: Patience) -> Done:
    """Want the stream stopped, wait until its driver has ended by itself, kill it if it does not, and say which.

    Raises:
        StreamError: it is there still, also after the kill.
        SparkMasterError: the master can't be reached. What is wanted is stored nevertheless.
        DatabaseError: PostgreSQL can't be reached.
    """
    database.run("stream_state_want", wanted="stopped", changed_by=wanted_by, code_version=None)
    return Done(_end(master, present(master.cluster()), patience))


def carry_out(database: Database, master: SparkMaster, settings: Settings, number: int, patience: Patience) -> Done:
    """Carry out a row of `decisions`, if it is still to be done and what it is about is still there.

    Raises:
        StreamError, SparkMasterError, DatabaseError: as the functions above.
    """
    rows = database.run("decisions_read", id=number)
    if settled := _settled(rows):
        return Done(f"not needed: {settled}")
    action, subject = Action(rows[0]["action"]), rows[0]["subject"]
    if action is Action.START:
        return start(database, master, settings)
    if action is Action.GIVE_UP:
        # First of all: a driver that comes back by itself is refused from now on.
        database.run("stream_state_give_up")
        return Done(_end(master, present(master.cluster()), replace(patience, seconds=0)))
    if subject not in present(master.cluster()):
        return Done(f"not needed: {subject} is gone")
    if action is Action.RESTART:
        return restart(database, master, settings, patience)
    master.kill(subject)
    return Done(f"{subject} killed")


def _settled(rows: Sequence[Row]) -> str | None:
    """Say why a row of `decisions` is not to be carried out; None where it is."""
    if not rows or rows[0]["outcome"] is not None:
        return "it was carried out already"
    if rows[0]["overtaken"]:
        return "somebody started, restarted or stopped the stream after it was decided"
    return None


def _end(master: SparkMaster, there: Collection[str], patience: Patience) -> str:
    """Wait until these applications and drivers are gone, kill them if they stay, and say how they went."""

    def left() -> set[str]:
        return set(there) & set(present(master.cluster()))

    if patience.outlasts(left):
        return "stopped by itself"
    for driver in master.cluster().drivers:
        if driver.id in there:
            master.kill(driver.id)
    if replace(patience, seconds=_KILL_SECONDS).outlasts(left):
        return f"killed after {patience.seconds:.0f} s"
    raise StreamError(
        f"{' and '.join(sorted(left()))} is still on the cluster after a kill. "
        f"Look at {master.ui_url} for the worker that holds it."
    )
