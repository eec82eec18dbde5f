"""The stack as it should be when nothing happens: one driver at work, no session and no file too many."""

from collections.abc import Iterator

import psutil
import psycopg2

from pipeline_defs.errors import PipelineError
from tests.faults import victims
from tests.integration.stack import Stack

_LEASES = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid IN %(pids)s"
_HEARTBEAT = """
SELECT count(*) > 0 FROM stream_progress
WHERE
    heartbeat_at > clock_timestamp() - INTERVAL '10 seconds'
    AND application_id = (
        SELECT application_id FROM driver_starts
        WHERE ended_at IS NULL AND driver_id IS NOT NULL  -- one that no worker started is a fault's
        ORDER BY id DESC LIMIT 1
    )
"""


def lacks(stack: Stack) -> list[str]:
    """Describe all that is not as it should be; nothing while all is calm."""
    try:
        return [*_of_cluster(stack), *_of_sessions(stack), *_of_processes(stack), *_of_files(stack)]
    except (psycopg2.Error, PipelineError, psutil.Error, OSError) as error:
        return [f"{type(error).__name__}: {error}"]


def _of_cluster(stack: Stack) -> Iterator[str]:
    cluster = stack.spark_master().cluster()
    if (cluster.status, cluster.workers_alive) != ("ALIVE", 2):
        yield f"the Spark master is {cluster.status} with {cluster.workers_alive} workers"
    if [application.state for application in cluster.applications] != ["RUNNING"]:
        yield f"the applications are {cluster.applications}"
    if [driver.state for driver in cluster.drivers] != ["RUNNING"]:
        yield f"the drivers are {cluster.drivers}"


def _of_sessions(stack: Stack) -> Iterator[str]:
    drivers = stack.sessions("users_stream driver")
    if len(drivers) != 2:  # the lease's, and the ledger's
        yield f"the driver has {len(drivers)} sessions"
    # A Python worker keeps its session, and no transaction in it.
    busy = [session for session in stack.sessions("users_stream start %") if session["transaction_seconds"] > 10]
    if busy:
        yield f"sessions of the sink are in a transaction for long: {busy}"
    if not stack.one(_HEARTBEAT):
        yield "the newest driver has no fresh heartbeat"


def _of_processes(stack: Stack) -> Iterator[str]:
    jvms, pythons = victims.driver_jvms(stack), victims.driver_pythons(stack)
    if (len(jvms), len(pythons)) != (1, 1):
        yield f"{len(jvms)} JVMs and {len(pythons)} Python processes are drivers"
    yield from victims.orphans(stack)


def _of_files(stack: Stack) -> Iterator[str]:
    checkpoints = sorted(folder.name for folder in stack.checkpoints())
    if len(checkpoints) != 1:
        yield f"checkpoint folders: {checkpoints}"
