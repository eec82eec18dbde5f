"""What a sink writes into the ledger, and beside it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tests.postgresql.server import Database

_OPEN = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset)
VALUES ('t', %(topic_id)s, 0, 0, 0)
"""
ADVANCE = """
UPDATE stream_offsets SET
    records = records + %(records)s, inserted = inserted + %(records)s, skipped = skipped + %(skipped)s,
    next_offset = next_offset + %(records)s + %(skipped)s
"""
PEOPLE = """
INSERT INTO users (uuid, email, kafka_partition, kafka_offset)
SELECT lpad(n::TEXT, 32, '0')::UUID, 'a@x.org', 0, n FROM unnest(%(offsets)s::BIGINT[]) AS n
"""
_GAP = """
INSERT INTO skipped_offsets (topic_id, partition, from_offset, to_offset, reason, noticed_at)
VALUES (%(topic_id)s, 0, %(first)s, %(last)s, %(reason)s, now() - %(age)s)
"""


def open_ledger(database: Database, topic_id: str = "A") -> None:
    """Open one partition of topic `t`."""
    database.run(_OPEN, {"topic_id": topic_id})


def consume(database: Database, offsets: Sequence[int], skipped: int = 0) -> None:
    """Write what a sink writes that is handed these records, each a person of its own."""
    # In this order: a sink locks the ledger before it draws ids.
    database.run(f"{ADVANCE}; {PEOPLE}", {"records": len(offsets), "skipped": skipped, "offsets": list(offsets)})


def pass_over(database: Database, first: int, last: int, topic_id: str = "A", hours: int = 0) -> None:
    """Write down that no record is at these offsets, some hours ago."""
    age = timedelta(hours=hours)
    database.run(_GAP, {"topic_id": topic_id, "first": first, "last": last, "reason": "no_record", "age": age})


def lose(database: Database, first: int, last: int) -> None:
    """Write down that retention deleted these offsets unread."""
    values = {"topic_id": "A", "first": first, "last": last, "age": timedelta()}
    database.run(_GAP, {**values, "reason": "deleted_before_read"})


def plan(database: Database, text: str, values: Mapping[str, object]) -> str:
    """Return the plan of a statement, which reads no table from end to end where there is another way."""
    rows = database.run(f"SET enable_seqscan = off; EXPLAIN {text}", values)
    return "\n".join(row["QUERY PLAN"] for row in rows)
