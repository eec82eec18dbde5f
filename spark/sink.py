"""One partition of one batch → one PostgreSQL transaction: rows, rejected records, ledger, all or nothing.

The ledger's row is locked first, and what lies below its next_offset is trimmed. So it does not matter how often, by
whom, or with which batch boundaries the same records are written: one writer wins, the totals stay right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Self

from pyspark.accumulators import Accumulator, AccumulatorParam
from pyspark.sql import Row

from spark.database import Connection, Cursor, connect, persist
from spark.insertion import insert
from spark.ledger import LedgerError, Place, Totals, advance, lock
from spark.settings import settings
from spark.topic import topic_id
from sql import statement

_IN_MEMORY = 8 * 2**20
_PERSIST_SECONDS = 30


@dataclass(frozen=True)
class Batch:
    """What a task must know of its batch. `ranges` are offsets by partition, the second one excluded."""

    topic: str
    topic_id: str
    ranges: Mapping[int, tuple[int, int]]


def _spool() -> IO[bytes]:
    return SpooledTemporaryFile(_IN_MEMORY)


@dataclass
class Drained:
    """A partition's lines on local disk: read from Kafka once, written as often as PostgreSQL needs it.

    Beyond 8 MiB they go to a file without a name, of which nothing is left when the process ends, however it ends.
    """

    lines: IO[bytes] = field(default_factory=_spool)
    raw: IO[bytes] = field(default_factory=_spool)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.raw.close()

    def add(self, offset: int, line: bytes, raw: bytes) -> None:
        """Take one record."""
        self.lines.write(line)
        self.places[offset] = (self.raw.tell(), len(raw))
        self.raw.write(raw)

    def raw_of(self, offsets: Iterable[int]) -> IO[bytes]:
        """Give the raw lines of some offsets."""
        chosen = _spool()
        for offset in offsets:
            position, length = self.places[offset]
            self.raw.seek(position)
            chosen.write(self.raw.read(length))
        chosen.seek(0)
        return chosen


class Partitions(AccumulatorParam[frozenset[int]]):
    """How Spark brings together, on the driver, the Kafka partitions that tasks have written."""

    def zero(self, value: frozenset[int]) -> frozenset[int]:  # noqa: ARG002 - as Spark calls it
        """Give what a task begins with."""
        return frozenset()

    def addInPlace(self, value1: frozenset[int], value2: frozenset[int]) -> frozenset[int]:  # noqa: N802 - as above
        """Add what a task has written."""
        return value1 | value2


def write_partition(rows: Iterable[Row], batch: Batch, written: Accumulator[frozenset[int]]) -> None:
    """Write a task's rows, which are one Kafka partition's; a task without rows leaves it to the driver.

    Args:
        rows: partition, offset, line and raw, as copy_text.lines() makes them.
        batch: what the driver knows.
        written: gets the partition, once it is committed.

    Raises:
        LedgerError: the rows are not one partition's, or don't go on from the ledger.
        psycopg2.Error: PostgreSQL refused for longer than 30 s; nothing was written.
    """
    partitions: set[int] = set()
    with Drained() as drained:
        for partition, offset, line, raw in rows:
            partitions.add(partition)
            drained.add(offset, line, raw)
        if len(partitions) > 1:
            raise LedgerError(f"One task got Kafka partitions {sorted(partitions)}; it must be one.")
        for partition in partitions:
            write(drained, batch, partition)
        written.add(frozenset(partitions))


def write(drained: Drained, batch: Batch, partition: int) -> Totals | None:
    """Write what was drained of a partition; None where others had already written it all."""
    return persist(lambda: _attempt(drained, batch, partition), _PERSIST_SECONDS)


def _attempt(drained: Drained, batch: Batch, partition: int) -> Totals | None:
    connection = connect(settings().database_url, f"users_stream partition {partition}")
    try:
        with connection:
            return _transact(connection, drained, batch, partition)
    finally:
        connection.close()


def _transact(connection: Connection, drained: Drained, batch: Batch, partition: int) -> Totals | None:
    place = Place(batch.topic, batch.topic_id, partition)
    start_offset, end_offset = batch.ranges[partition]
    with connection.cursor() as cursor:
        next_offset = lock(cursor, place)
        if next_offset >= end_offset:
            return None
        if start_offset > next_offset:
            raise LedgerError(
                f"The ledger stands at {next_offset} in partition {partition}, the batch begins at {start_offset}: "
                "PostgreSQL was restored or the ledger changed. A new start of the driver goes on from the ledger."
            )
        values = {**place.as_values(), "next_offset": next_offset, "end_offset": end_offset}
        cursor.execute(statement("stream_batch_create"))
        drained.lines.seek(0)
        cursor.copy_expert(statement("stream_batch_copy"), drained.lines, size=2**16)
        cursor.execute(statement("stream_batch_trim"), values)
        insert(cursor, partition, next_offset, end_offset - 1)
        totals = _count(cursor, drained, values)
        advance(cursor, place, totals)
        _check_topic(batch)
        return totals


def _count(cursor: Cursor, drained: Drained, values: Mapping[str, object]) -> Totals:
    """Write rejected records and gaps, and give the totals."""
    cursor.execute(statement("stream_batch_count"))
    found = cursor.fetchone()
    assert found is not None, "an aggregate always gives a row"  # noqa: S101 - tells the type checker so
    records, duplicates, rejected = found
    if rejected:
        with drained.raw_of(rejected) as raw:
            cursor.copy_expert(statement("stream_raw_copy"), raw, size=2**16)
        cursor.execute(statement("stream_batch_reject"), values)
    next_offset, end_offset = int(str(values["next_offset"])), int(str(values["end_offset"]))
    skipped = end_offset - next_offset - records
    if skipped:
        cursor.execute(statement("stream_batch_gaps"), values)
    inserted = records - duplicates - len(rejected)
    return Totals(end_offset, inserted, duplicates, len(rejected), skipped)


def _check_topic(batch: Batch) -> None:
    """Ask Kafka whether the records came from the topic that the ledger's row is about.

    Asked after they were read and before they are committed: ids never come back, so the answer holds for all of them.
    """
    now = topic_id(settings().bootstrap_servers, batch.topic)
    if now != batch.topic_id.partition("~")[0]:
        raise LedgerError(f"Topic {batch.topic} was deleted and created again: its id was {batch.topic_id}, is {now}.")
