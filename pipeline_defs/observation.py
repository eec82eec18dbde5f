"""Reads how `users` grows: the ledger, the table, Kafka's ends. Every call has a time limit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dagster import MetadataValue

from pipeline_defs import ledger
from pipeline_defs.database import Database, DatabaseError, Row, Session
from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.ledger import Position

_COUNT_AGAIN_SECONDS = 3600

Metadata = Mapping[str, MetadataValue | int | float | None]


def users(database: Database, topic: Topic, cursor: str | None) -> tuple[Metadata, str] | None:
    """Read how far the ledger moved since the cursor; None if it did not.

    Raises:
        DatabaseError: PostgreSQL doesn't answer.
    """
    before = ledger.read_cursor(cursor)
    with database.session() as session:
        rows = session.run("ledger_read", topic=topic.name)
        totals = ledger.totals(rows)
        if totals == (before.totals if before else ledger.Totals()):
            return None
        after_id = before.last_id if before else max(0, session.run("users_last_id")[0]["last_id"] - totals.inserted)
        latency = session.run("users_latency", after_id=after_id)[0]
        position = _position(session, topic, before, totals, latency["last_id"])
        reasons = _rejected_by_reason(session, rows, before)
        position = replace(position, reached={ledger.place(row): row["next_offset"] for row in rows})
    moved = totals.since(before.totals if before else ledger.Totals())
    metadata: dict[str, MetadataValue | int | float | None] = {
        "dagster/row_count": position.rows,
        "new_rows": moved.inserted,
        "duplicates": moved.duplicates,
        "rejected": moved.rejected,
        "rejected_by_reason": MetadataValue.json(reasons),
        "skipped": moved.skipped,
        "records_consumed": moved.consumed,
        **_lag(topic, rows),
    }
    for name, seconds in zip(("p50", "p95", "p99"), latency["seconds"] or (), strict=False):
        metadata[f"latency_{name}_seconds"] = round(float(seconds), 3)
    return metadata, ledger.write_cursor(position)


def _position(session: Session, topic: Topic, before: Position | None, totals: ledger.Totals, last_id: int) -> Position:
    now = datetime.now(UTC).timestamp()
    if before and now - before.counted_at < _COUNT_AGAIN_SECONDS:
        return Position(totals, before.row_count, before.inserted_at_count, before.counted_at, last_id)
    try:
        counted = session.run("users_count", topic=topic.name)[0]
    except DatabaseError:
        # A table too large to be counted in time: the ledger has counted all along.
        known = (before.row_count, before.inserted_at_count) if before else (totals.inserted, totals.inserted)
        return Position(totals, *known, now, last_id)
    return Position(totals, counted["row_count"], counted["inserted"], now, last_id)


def _rejected_by_reason(session: Session, rows: Sequence[Row], before: Position | None) -> dict[str, int]:
    reached = before.reached if before else {}
    found = session.run(
        "rejected_between",
        topic_ids=[row["topic_id"] for row in rows],
        partitions=[row["partition"] for row in rows],
        from_offsets=[reached.get(ledger.place(row), 0) for row in rows],
        to_offsets=[row["next_offset"] for row in rows],
    )
    return {row["reason"]: row["records"] for row in found}


def _lag(topic: Topic, rows: list[Mapping[str, object]]) -> Metadata:
    try:
        lag = ledger.lag(rows, topic.describe().topic_id, topic.end_offsets())
    except TopicError as error:
        return {"lag": MetadataValue.text(str(error))}
    return {"lag": sum(lag.values()), "lag_by_partition": MetadataValue.json({str(n): each for n, each in lag.items()})}
