"""What the driver tells the outside: its start and its end, and a row for each batch with a heartbeat."""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql.streaming.query import StreamingQuery

from spark.database import Connection
from sql import statement

_SECONDS_BETWEEN_REPORTS = 3.0
_LONGEST_ERROR = 4000


def record_start(session: Connection, driver_id: str | None) -> int:
    """Write a driver's start and give its number."""
    with session.cursor() as cursor:
        cursor.execute(statement("stream_start_record"), {"driver_id": driver_id})
        return (cursor.fetchone() or (0,))[0]


def describe_start(session: Connection, start_id: int, application_id: str, code_version: str | None) -> None:
    """Add what Spark knows of a start: the application's id, and the code version that it was submitted with."""
    values = {"id": start_id, "application_id": application_id, "code_version": code_version}
    with session.cursor() as cursor:
        cursor.execute(statement("stream_start_describe"), values)


def record_end(session: Connection, start_id: int, outcome: str, last_error: str | None = None) -> None:
    """Write how a driver ended: `refused`, `stopped`, `failed` by its own error, or `lost` by one from outside."""
    error = last_error and last_error.replace("\0", "")[:_LONGEST_ERROR]
    with session.cursor() as cursor:
        cursor.execute(statement("stream_start_end"), {"id": start_id, "outcome": outcome, "last_error": error})


def rows(application_id: str, recent: Iterable[Mapping[str, Any]], last_batch: int) -> list[dict[str, Any]]:
    """Give the rows of stream_progress that Spark's recent progress makes, from the batch last written on.

    A query that has told nothing yet gives a row too: its heartbeat says that the driver is up.
    """
    latest = {progress["batchId"]: progress for progress in recent if progress["batchId"] >= last_batch}
    if not latest:
        latest = {max(last_batch, 0): {"timestamp": datetime.now(UTC).isoformat()}} if last_batch < 0 else {}
    return [
        {
            "application_id": application_id,
            "batch_id": batch_id,
            "started_at": progress["timestamp"],
            "input_rows": progress.get("numInputRows", 0),
            "input_rows_per_second": progress.get("inputRowsPerSecond"),
            "processed_rows_per_second": progress.get("processedRowsPerSecond"),
            "batch_ms": progress.get("batchDuration", 0),
            "durations_ms": json.dumps(progress.get("durationMs", {})),
        }
        for batch_id, progress in sorted(latest.items())
    ]


class Reporter:
    """Writes progress every few seconds, on the session that it is given."""

    def __init__(self, session: Connection, application_id: str) -> None:
        self._session = session
        self._application_id = application_id
        self._last_batch = -1
        self._next_report = 0.0

    def report(self, query: StreamingQuery) -> bool:
        """Write what is new of a StreamingQuery and move the heartbeat; False where that was done a moment ago."""
        if time.monotonic() < self._next_report:
            return False
        with self._session.cursor() as cursor:
            found = rows(self._application_id, query.recentProgress, self._last_batch)
            for row in found:
                cursor.execute(statement("stream_progress_record"), row)
                self._last_batch = row["batch_id"]
            if not found:
                # The first batch is under way; it may take minutes.
                alive = {"application_id": self._application_id, "batch_id": self._last_batch}
                cursor.execute(statement("stream_progress_heartbeat"), alive)
        self._next_report = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        return True
