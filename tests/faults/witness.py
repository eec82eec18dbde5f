"""Catches the sink in the middle of a batch: the transaction is open and nobody can commit it until it may go on."""

import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass

import psutil
import psycopg2

from tests.faults import victims
from tests.integration.stack import Stack

_OPEN = """
SELECT backend_xid::TEXT, client_port FROM pg_stat_activity
WHERE application_name LIKE 'users_stream start %%' AND backend_xid IS NOT NULL AND query LIKE %(query)s
ORDER BY xact_start DESC LIMIT 1
"""
_STATUS = "SELECT pg_xact_status(%(xid)s::xid8) AS status"
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class OpenBatch:
    """A batch that is uncommitted: the Python workers stand still. A fault may take one out: it is not released."""

    workers: list[psutil.Process]
    holder: psutil.Process

    def release(self) -> None:
        """Let the workers go on."""
        resume(self.workers)


def resume(processes: Iterable[psutil.Process]) -> None:
    """Let processes go on, those that live."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def catch(stack: Stack, query: str = "%") -> OpenBatch:
    """Wait for an open transaction of the sink, let all Python workers stand still, and make sure that it is open yet.

    With a query, its newest statement is LIKE that.

    The next batch of a worker may begin within milliseconds: the workers are stopped first, and then looked at.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with closing(psycopg2.connect(stack.superuser_url("postgres"), connect_timeout=10)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            while time.monotonic() < deadline:
                cursor.execute(_OPEN, {"query": query})
                if (found := cursor.fetchone()) and (caught := _stop(stack, found[1])):
                    cursor.execute(_STATUS, {"xid": found[0]})
                    if cursor.fetchone() == ("in progress",):
                        return caught
                    caught.release()
                time.sleep(0.005)
    raise AssertionError(f"no transaction of the sink was open for {_PATIENCE_SECONDS:.0f} s")


def _stop(stack: Stack, client_port: int) -> OpenBatch | None:
    workers = victims.python_workers(stack)
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.suspend()
    for worker in workers:
        if victims.is_connected(worker, client_port):
            return OpenBatch(workers, worker)
    resume(workers)
    return None
