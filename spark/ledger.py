"""The ledger, `stream_offsets`: where each Kafka partition goes on, and the totals of what became of its records."""

from collections.abc import Mapping
from dataclasses import dataclass

from spark.database import Connection, Cursor
from spark.topic import Topic
from sql import statement


class LedgerError(Exception):
    """What Spark is about to write does not go on from where the ledger stands."""


@dataclass(frozen=True)
class Plan:
    """How a driver's start makes Kafka and the ledger agree.

    `topic_id` is the ledger's name of the topic's present life. `opened` gives the first offset of partitions that get
    a row, `deleted` the offsets (end excluded) that retention removed unread, `start` where every partition goes on.
    """

    topic_id: str
    opened: Mapping[int, int]
    deleted: Mapping[int, tuple[int, int]]
    start: Mapping[int, int]


def plan(topic: Topic, ledger: Mapping[str, Mapping[int, int]], starting_offsets: str) -> Plan:
    """Decide where a driver starts.

    Args:
        topic: the topic as Kafka holds it.
        ledger: next_offset by partition, for each topic_id that the ledger knows of this topic.
        starting_offsets: `earliest` or `latest`, for a topic that the ledger has never seen. It counts once: what
            comes later, be it a partition or a topic created again, is read from its beginning.
    """
    topic_id = _latest_life(topic.topic_id, ledger)
    known = ledger.get(topic_id, {})
    opened: dict[int, int] = {}
    if any(next_offset > topic.high.get(partition, next_offset) for partition, next_offset in known.items()):
        # Kafka lost records that had been read. The offsets from its end on will come a second time, for others.
        topic_id = _next_life(topic_id)
        opened = {partition: min(known[partition], topic.high[partition]) for partition in known}
    begin = topic.low if starting_offsets == "earliest" else topic.high
    for partition in topic.high.keys() - known.keys():
        opened[partition] = 0 if ledger else begin[partition]
    stands = {partition: opened.get(partition, known.get(partition, 0)) for partition in topic.high}
    deleted = {
        partition: (offset, topic.low[partition])
        for partition, offset in sorted(stands.items())
        if offset < topic.low[partition]
    }
    start = {partition: max(offset, topic.low[partition]) for partition, offset in sorted(stands.items())}
    return Plan(topic_id, dict(sorted(opened.items())), deleted, start)


def _latest_life(topic_id: str, ledger: Mapping[str, object]) -> str:
    while _next_life(topic_id) in ledger:
        topic_id = _next_life(topic_id)
    return topic_id


def _next_life(topic_id: str) -> str:
    kafka_id, _, number = topic_id.partition("~")
    return f"{kafka_id}~{int(number or 1) + 1}"


def settle(connection: Connection, topic: Topic, starting_offsets: str) -> Plan:
    """Bring the ledger to where the stream can start, in one transaction, and say where that is."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("stream_ledger_rows"), {"topic": topic.name})
        ledger: dict[str, dict[int, int]] = {}
        for topic_id, partition, next_offset in cursor.fetchall():
            ledger.setdefault(topic_id, {})[partition] = next_offset
        decided = plan(topic, ledger, starting_offsets)
        for partition, first_offset in decided.opened.items():
            open_partition(cursor, topic.name, decided.topic_id, partition, first_offset)
        for partition, (_, low) in decided.deleted.items():
            place = Place(topic.name, decided.topic_id, partition)
            stands = lock(cursor, place)
            if stands < low:
                skipped = {"from_offset": stands, "to_offset": low - 1, "reason": "deleted_before_read"}
                cursor.execute(statement("stream_skipped_record"), {**place.as_values(), **skipped})
                advance(cursor, place, Totals(low, skipped=low - stands))
    return decided


@dataclass(frozen=True)
class Place:
    """One row of the ledger."""

    topic: str
    topic_id: str
    partition: int

    def as_values(self) -> dict[str, object]:
        """Give the placeholders that statements use."""
        return {"topic": self.topic, "topic_id": self.topic_id, "partition": self.partition}


@dataclass(frozen=True)
class Totals:
    """What a transaction adds to a row of the ledger, and the next offset that it leaves."""

    next_offset: int
    inserted: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: int = 0


def open_partition(cursor: Cursor, topic: str, topic_id: str, partition: int, first_offset: int) -> None:
    """Give a partition its row; one that has a row keeps it."""
    values = {"topic": topic, "topic_id": topic_id, "partition": partition, "first_offset": first_offset}
    cursor.execute(statement("stream_ledger_open"), values)


def lock(cursor: Cursor, place: Place) -> int:
    """Lock a row until the transaction ends, and give its next_offset.

    Raises:
        LedgerError: there is no such row.
    """
    cursor.execute(statement("stream_ledger_lock"), place.as_values())
    found = cursor.fetchone()
    if found is None:
        raise LedgerError(f"The ledger has no row for {place}. A new start of the driver opens it.")
    return found[0]


def advance(cursor: Cursor, place: Place, totals: Totals) -> None:
    """Add a transaction's totals. PostgreSQL refuses totals that don't add up to the offsets."""
    cursor.execute(statement("stream_ledger_advance"), {**place.as_values(), **vars(totals)})


def next_offsets(cursor: Cursor, topic: str, topic_id: str) -> dict[int, int]:
    """Give next_offset by partition, without a lock."""
    cursor.execute(statement("stream_ledger_rows"), {"topic": topic})
    return {partition: offset for found, partition, offset in cursor.fetchall() if found == topic_id}
