"""What a driver asks of PostgreSQL and tells it: may it be the stream, is it wanted, its start, progress and end."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeVar

import psycopg2
from pyspark.sql.streaming.query import StreamingQuery

from contract.retry import retry
from sql import statement
from sql.connection import Connection, Cursor, connect, is_transient

Result = TypeVar("Result")

# How long the lease stays good without a word from its holder.
WHILE_STARTING = "180s"
WHILE_RUNNING = "20s"

_RECONNECT_SECONDS = 60
_WAIT_FOR_LEASE_SECONDS = 60.0
_SECONDS_BETWEEN_REPORTS = 3.0
_LONGEST_ERROR = 4000


class LeaseHeldError(Exception):
    """Another driver holds the lease, still."""


class Session:
    """A driver's session of PostgreSQL, opened again in place when it is lost: the ledger arbitrates.

    Args:
        url: of the database.
        statement_seconds: the time limit of a statement.
    """

    def __init__(self, url: str, *, statement_seconds: int = 10) -> None:
        self._url = url
        self._statement_seconds = statement_seconds
        self._connection: Connection | None = None
        self.on_open: Callable[[Cursor], None] = lambda _: None

    def run(self, work: Callable[[Cursor], Result]) -> Result:
        """Return what some work gives in a transaction. It is done again while PostgreSQL is away for a moment.

        Raises:
            psycopg2.Error: PostgreSQL refuses, or was away for longer than a minute.
        """
        return retry(lambda: self._attempt(work), _RECONNECT_SECONDS, psycopg2.Error, is_transient)

    def execute(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a named statement in a transaction of its own.

        Raises:
            psycopg2.Error: as run().
        """

        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement(name), values)
            return cursor.fetchall() if cursor.description else []

        return self.run(work)

    def close(self) -> None:
        """Close the session, and give back what it holds."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, work: Callable[[Cursor], Result]) -> Result:
        try:
            if self._connection is None:
                self._connection = connect(self._url, "users_stream driver", statement_seconds=self._statement_seconds)
                with self._connection, self._connection.cursor() as cursor:
                    self.on_open(cursor)
            with self._connection, self._connection.cursor() as cursor:
                return work(cursor)
        except BaseException:
            self.close()
            raise


class Lease:
    """The right to be the stream: a lock of the session, so PostgreSQL gives it back when the session ends."""

    def __init__(self, session: Session, start_id: int) -> None:
        self._session = session
        self._start_id = start_id

    def acquire(self) -> None:
        """Wait for the lease, and take it again whenever the session was lost.

        Raises:
            LeaseHeldError: another driver holds it, still after 60 s.
            psycopg2.Error: PostgreSQL refuses.
        """
        deadline = time.monotonic() + _WAIT_FOR_LEASE_SECONDS
        while True:
            try:
                self._session.run(self._take)
                break
            except LeaseHeldError:
                if time.monotonic() > deadline or not self.is_wanted():
                    raise
            time.sleep(1)
        self._session.on_open = self._take

    def _take(self, cursor: Cursor) -> None:
        cursor.execute(statement("stream_lease_take"))
        if cursor.fetchone() != (True,):
            raise LeaseHeldError("Another driver holds the lease.")
        cursor.execute(statement("stream_lease_renew"), {"good_for": WHILE_STARTING})
        # Tasks of older drivers, which may hold the ledger's rows: what they have not committed is read again.
        cursor.execute(statement("stream_tasks_fence"), {"own": _tasks_of(self._start_id)})

    def renew(self, good_for: str) -> None:
        """Say that the holder is alive; a lost session is opened again, if nobody else has taken the lease meanwhile.

        Raises:
            LeaseHeldError: somebody has.
            psycopg2.Error: PostgreSQL refuses, or was away for longer than a minute.
        """
        self._session.execute("stream_lease_renew", good_for=good_for)

    def is_wanted(self) -> bool:
        """Return whether this start of the stream is wanted: only a row that says so means yes.

        A restart is wanted when `restart_at` is younger than the start: then this driver makes room for the next one.
        """
        return self._session.execute("stream_wanted", start_id=self._start_id) == [(True,)]

    def end_stuck_tasks(self) -> int:
        """End sessions of own tasks that have waited for their client for 30 s in a transaction. Return how many.

        A process that is frozen inside COPY holds the ledger's row, and no time limit of PostgreSQL fires there.
        """
        return len(self._session.execute("stream_tasks_end_stuck", own=_tasks_of(self._start_id)))


def _tasks_of(start_id: int) -> str:
    return f"users_stream start {start_id} partition %"


def record_start(session: Session, driver_id: str | None) -> int:
    """Write a driver's start and return its number."""
    return session.execute("stream_start_record", driver_id=driver_id)[0][0]


def describe_start(session: Session, start_id: int, application_id: str, code_version: str | None) -> None:
    """Add what Spark knows of a start: the application's id, and the code version that it was submitted with."""
    session.execute("stream_start_describe", id=start_id, application_id=application_id, code_version=code_version)


def record_end(session: Session, start_id: int, outcome: str, last_error: str | None = None) -> None:
    """Write how a driver ended: `refused`, `stopped`, `failed` by its own error, or `lost` by one from outside."""
    session.execute("stream_start_end", id=start_id, outcome=outcome, last_error=_storable(last_error))


def record_trouble(session: Session, start_id: int, trouble: str | None) -> None:
    """Write what a running driver tries to get past; None once it has."""
    session.execute("stream_start_trouble", id=start_id, last_error=_storable(trouble))


def _storable(text: str | None) -> str | None:
    return text and text.replace("\0", "")[:_LONGEST_ERROR]


def progress_rows(
    application_id: str, recent: Iterable[Mapping[str, Any]], records: Mapping[int, int], last_batch: int
) -> list[dict[str, Any]]:
    """Return the rows of stream_progress that Spark's recent progress makes, from the batch last written on.

    How many records each batch had is counted by the sink.

    A query that has told nothing yet gives a row too: its heartbeat says that the driver is up.
    """
    recent = list(recent)
    moments = [datetime.fromisoformat(progress["timestamp"]) for progress in recent]
    intervals = [None, *((after - before).total_seconds() for before, after in pairwise(moments))]
    latest = {
        progress["batchId"]: _progress_row(application_id, progress, records.get(progress["batchId"], 0), interval)
        for progress, interval in zip(recent, intervals, strict=False)
        if progress["batchId"] >= last_batch
    }
    if not latest and last_batch < 0:
        now = datetime.now(UTC).isoformat()
        latest = {0: _progress_row(application_id, {"batchId": 0, "timestamp": now}, 0, None)}
    return [row for _, row in sorted(latest.items())]


def _progress_row(
    application_id: str, progress: Mapping[str, Any], records: int, interval: float | None
) -> dict[str, Any]:
    milliseconds = progress.get("batchDuration", 0)
    durations = progress.get("durationMs", {})
    # A trigger without new records has no addBatch, and its batch id is that of the batch to come.
    input_rows = records if "addBatch" in durations else 0
    return {
        "application_id": application_id,
        "batch_id": progress["batchId"],
        "started_at": progress["timestamp"],
        "input_rows": input_rows,
        "input_rows_per_second": input_rows / interval if interval else None,
        "processed_rows_per_second": 1000 * input_rows / milliseconds if milliseconds else None,
        "batch_ms": milliseconds,
        "durations_ms": json.dumps(durations),
    }


class Reporter:
    """Writes progress every few seconds, on the session that it is given."""

    def __init__(self, session: Session, application_id: str) -> None:
        self._session = session
        self._application_id = application_id
        self._last_batch = -1
        self._next_report = 0.0

    def report(self, query: StreamingQuery, records: Mapping[int, int]) -> bool:
        """Write what is new of a query and move the heartbeat. Return False where that was done a moment ago."""
        if time.monotonic() < self._next_report:
            return False
        rows = progress_rows(self._application_id, query.recentProgress, records, self._last_batch)
        self._session.run(lambda cursor: self._write(cursor, rows))
        self._last_batch = rows[-1]["batch_id"] if rows else self._last_batch
        self._next_report = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        return True

    def _write(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            cursor.execute(statement("stream_progress_record"), row)
        if not rows:
            # The first batch is under way; it may take minutes.
            alive = {"application_id": self._application_id, "batch_id": self._last_batch}
            cursor.execute(statement("stream_progress_heartbeat"), alive)
