"""The ledger, `stream_offsets`: where each Kafka partition goes on, and the totals of what became of its records."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from contract.refusals import Outcome
from spark.driver_state import Session
from spark.topic import Topic
from sql import statement
from sql.connection import Cursor

LOGGER = logging.getLogger(__name__)
_CONFIRM_SECONDS = 30.0
_BETWEEN_ANSWERS_SECONDS = 3.0


class LedgerError(Exception):
    """What is about to be written does not go on from where the ledger stands."""


@dataclass(frozen=True)
class Plan:
    """How a driver's start makes Kafka and the ledger agree.

    `topic_id` is the ledger's name of the topic's present incarnation. `opened` gives the first offset of partitions
    that get a row, `deleted` the offsets (end excluded) that retention removed unread, `start` where every partition
    goes on. `fell_back` tells whether Kafka lost records that had been read.
    """

    topic_id: str
    opened: Mapping[int, int]
    deleted: Mapping[int, tuple[int, int]]
    start: Mapping[int, int]
    fell_back: bool = False


def plan(
    topic: Topic, ledger: Mapping[str, Mapping[int, int]], starting_offsets: str, created: Collection[str] = ()
) -> Plan:
    """Return where a driver starts.

    Args:
        topic: the topic as Kafka holds it.
        ledger: next_offset by partition, for each topic_id that the ledger knows of this topic.
        starting_offsets: `earliest` or `latest`, for a topic that the ledger has never seen. It counts once: what
            comes later, be it a partition or a topic created again, is read from its beginning.
        created: ids of topics that provisioning created. Of these every record is the stream's, so they are opened at
            0, and what retention deleted before is accounted for. Others are opened at the first record there is.
    """
    topic_id = _latest_incarnation(topic.topic_id, ledger)
    known = ledger.get(topic_id, {})
    opened: dict[int, int] = {}
    fell_back = any(offset > topic.high.get(partition, offset) for partition, offset in known.items())
    if fell_back:
        # The offsets from the topic's end on will come a second time, for others.
        topic_id = _next_incarnation(topic_id)
        opened = {partition: min(offset, topic.high.get(partition, offset)) for partition, offset in known.items()}
    begin = topic.high if starting_offsets == "latest" else topic.low
    from_zero = bool(ledger) or (topic.topic_id in created and starting_offsets == "earliest")
    for partition in topic.high.keys() - known.keys():
        opened[partition] = 0 if from_zero else begin[partition]
    next_offsets = {partition: opened.get(partition, known.get(partition, 0)) for partition in topic.high}
    deleted = {
        partition: (offset, topic.low[partition])
        for partition, offset in sorted(next_offsets.items())
        if offset < topic.low[partition]
    }
    start = {partition: max(offset, topic.low[partition]) for partition, offset in sorted(next_offsets.items())}
    return Plan(topic_id, dict(sorted(opened.items())), deleted, start, fell_back)


def _latest_incarnation(topic_id: str, ledger: Mapping[str, object]) -> str:
    while _next_incarnation(topic_id) in ledger:
        topic_id = _next_incarnation(topic_id)
    return topic_id


def _next_incarnation(topic_id: str) -> str:
    kafka_id, _, number = topic_id.partition("~")
    return f"{kafka_id}~{int(number or 1) + 1}"


def settle(session: Session, ask: Callable[[], Topic], starting_offsets: str) -> Plan:
    """Return where the stream starts, and bring the ledger there in one transaction.

    Args:
        session: of the driver.
        ask: asks Kafka for the topic.
        starting_offsets: as plan() takes it.
    """
    topic = ask()
    ledger = session.run(lambda cursor: _next_offsets_by_topic_id(cursor, topic.name))
    created = {topic_id for (topic_id,) in session.execute("created_topics", topic=topic.name)}
    decided = plan(topic, ledger, starting_offsets, created)
    if decided.fell_back:
        topic = _confirm(ask, ledger)
        decided = plan(topic, ledger, starting_offsets, created)
    if not ledger and topic.topic_id not in created and any(topic.low.values()):
        LOGGER.warning("%s was there before; it is read from the first records that it still has: %s", topic, decided)
    session.run(lambda cursor: _write(cursor, topic, decided))
    return decided


def recent_refusals(session: Session, table: str) -> list[Outcome]:
    """Return what refused the rows since the last one that a table took, oldest first: the constraints' labels."""
    rows = session.run(lambda cursor: _recent_refusals(cursor, table))
    # The sink ends each detail with the label in parentheses.
    return [detail.removesuffix(")").rpartition("(")[2] for (detail,) in reversed(rows)]


def _recent_refusals(cursor: Cursor, table: str) -> list[tuple[str]]:
    cursor.execute(statement("refusals_recent", table=table))
    return cursor.fetchall()


def _confirm(ask: Callable[[], Topic], ledger: Mapping[str, Mapping[int, int]]) -> Topic:
    """Return the topic once its end has stayed back: a broker that leads no more may answer with an old one."""
    deadline = time.monotonic() + _CONFIRM_SECONDS
    while True:
        topic = ask()
        if time.monotonic() > deadline or not plan(topic, ledger, "earliest").fell_back:
            return topic
        LOGGER.warning("The topic's end is before the ledger's offsets: %s. Kafka is asked again.", topic.high)
        time.sleep(_BETWEEN_ANSWERS_SECONDS)


def _write(cursor: Cursor, topic: Topic, decided: Plan) -> None:
    for partition, first_offset in decided.opened.items():
        open_partition(cursor, LedgerKey(topic.name, decided.topic_id, partition), first_offset)
    for partition, (_, low) in decided.deleted.items():
        key = LedgerKey(topic.name, decided.topic_id, partition)
        next_offset = lock(cursor, key)
        if next_offset < low:
            skip(cursor, key, next_offset, low, "deleted_before_read")
            advance(cursor, key, Totals(low, skipped=low - next_offset))


def _next_offsets_by_topic_id(cursor: Cursor, topic: str) -> dict[str, dict[int, int]]:
    cursor.execute(statement("stream_ledger_rows"), {"topic": topic})
    ledger: dict[str, dict[int, int]] = {}
    for topic_id, partition, next_offset in cursor.fetchall():
        ledger.setdefault(topic_id, {})[partition] = next_offset
    return ledger


@dataclass(frozen=True)
class LedgerKey:
    """The key of a row of the ledger."""

    topic: str
    topic_id: str
    partition: int


@dataclass(frozen=True)
class Totals:
    """What a transaction adds to a row of the ledger, and the next offset that it leaves. `records` is counted."""

    next_offset: int
    records: int = 0
    inserted: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: int = 0


def open_partition(cursor: Cursor, key: LedgerKey, first_offset: int) -> None:
    """Give a partition its row; one that has a row keeps it."""
    cursor.execute(statement("stream_ledger_open"), {**vars(key), "first_offset": first_offset})


def lock(cursor: Cursor, key: LedgerKey) -> int:
    """Return the next_offset of a row, and lock it until the transaction ends.

    Raises:
        LedgerError: there is no such row.
    """
    cursor.execute(statement("stream_ledger_lock"), vars(key))
    row = cursor.fetchone()
    if row is None:
        raise LedgerError(f"The ledger has no row for {key}. A new start of the driver opens it.")
    return row[0]


def advance(cursor: Cursor, key: LedgerKey, totals: Totals) -> None:
    """Add a transaction's totals. PostgreSQL refuses totals that don't add up to the records or the offsets."""
    cursor.execute(statement("stream_ledger_advance"), {**vars(key), **vars(totals)})


def skip(cursor: Cursor, key: LedgerKey, from_offset: int, end_offset: int, reason: str) -> None:
    """Write that offsets, the end excluded, were passed over."""
    offsets = {"from_offset": from_offset, "to_offset": end_offset - 1}
    cursor.execute(statement("stream_skipped_record"), {**vars(key), **offsets, "reason": reason})


def next_offsets(cursor: Cursor, topic: str, topic_id: str) -> dict[int, int]:
    """Return next_offset by partition, without a lock."""
    return _next_offsets_by_topic_id(cursor, topic).get(topic_id, {})
