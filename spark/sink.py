"""One Kafka partition of a batch → PostgreSQL transactions: rows, rejected records and the ledger, all or nothing.

The ledger's row is locked first, and what lies below its next_offset is left out. So it does not matter how often, by
whom, or with which boundaries the same records are written: one writer wins, and the totals stay right.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import psycopg2
from confluent_kafka import Message

from contract.contract import Contract
from contract.insertion import Candidate, insert
from contract.refusals import Outcome, Refusals, TableFault
from contract.rejection import Rejection
from contract.retry import retry
from spark import worker_connection
from spark.kafka_reader import read
from spark.ledger import LedgerError, LedgerKey, Totals, advance, lock, skip
from spark.process import summarize_error
from spark.settings import settings
from spark.topic import TopicError, topic_id
from sql.connection import Cursor, is_transient
from sql.copy_text import copy

# One transaction: it takes about a second, and its records fit into the memory of a worker.
RECORDS_IN_A_CHUNK = 20_000
BYTES_IN_A_CHUNK = 16 * 2**20
# A larger value is set aside: with its copies it would take the memory of the worker and of PostgreSQL.
LARGEST_VALUE = 32 * 2**20
_KEPT_OF_A_VALUE = 2**20
_NO_TIMESTAMP = -1
_RETRY_SECONDS = 60
_RETRY_KAFKA_SECONDS = 30
_REJECTED_COLUMNS = (
    *("topic", "topic_id", "partition", "offset", "kafka_timestamp", "key", "headers", "payload", "reason", "detail"),
)


class TaskError(Exception):
    """A task failed by an error of its own. The text says which."""


class Record(NamedTuple):
    """A record as Kafka holds it; the timestamp is in milliseconds since the epoch, and the message has the rest."""

    offset: int
    timestamp: int
    value: bytes | None
    message: Message


@dataclass(frozen=True)
class Batch:
    """What a task must know of its batch. `ranges` are offsets by partition, the second one excluded."""

    contract: Contract
    topic: str
    topic_id: str
    start_id: int
    ranges: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    refusals: tuple[Outcome, ...] = ()


@dataclass
class Written:
    """What a task has written of a partition, and what the table said of its last rows."""

    records: int = 0
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """Records that one transaction writes: all that there are from start_offset to before end_offset."""

    start_offset: int
    end_offset: int
    records: Sequence[Record]

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Return the chunk in two parts."""
        middle = len(self.records) // 2
        border = self.records[middle].offset
        return (
            Chunk(self.start_offset, border, self.records[:middle]),
            Chunk(border, self.end_offset, self.records[middle:]),
        )


def read_and_write(partitions: Iterable[int], batch: Batch) -> Iterator[Written | Exception]:
    """Return what was written of each partition, or why it can't be: the work of a task, which has one partition.

    It raises nothing: a task that ends without an answer was ended by something else, perhaps by a record.
    """
    for partition in partitions:
        try:
            yield write(read_records(batch, partition), batch, partition)
        except (LedgerError, TopicError, TableFault, psycopg2.Error) as error:
            yield error
        except Exception as error:
            yield TaskError(f"A task failed. {summarize_error(error)}")


def read_records(batch: Batch, partition: int) -> Iterator[Record]:
    """Return the records of a partition's range.

    Raises:
        TopicError: Kafka can't be read.
    """
    messages = read(settings().client_configuration, batch.topic, partition, *batch.ranges[partition])
    for message in messages:
        _, timestamp = message.timestamp()
        yield Record(message.offset() or 0, timestamp, _bytes(message.value()), message)


def write(records: Iterable[Record], batch: Batch, partition: int) -> Written:
    """Write all records of a partition's range, a chunk in each transaction.

    Raises:
        LedgerError: the ledger does not go on where the range begins.
        TopicError: Kafka can't be asked.
        TableFault: the table is at fault, and no record.
        psycopg2.Error: PostgreSQL refused for longer than a minute; chunks that were committed stay.
    """
    written = Written()
    writer = _ChunkWriter(batch, partition, written)
    for chunk in chunks(records, *batch.ranges[partition]):
        writer.write(chunk)
    return written


def chunks(records: Iterable[Record], start_offset: int, end_offset: int) -> Iterator[Chunk]:
    """Return the records of a range in chunks that follow each other without a gap; none for an empty range."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        length = len(record.value or b"") + len(record.message.key() or b"")
        if chunk and (len(chunk) == RECORDS_IN_A_CHUNK or size + length > BYTES_IN_A_CHUNK):
            yield Chunk(start_offset, record.offset, chunk)
            start_offset, chunk, size = record.offset, [], 0
        chunk.append(record)
        size += length
    if start_offset < end_offset:
        yield Chunk(start_offset, end_offset, chunk)


def gaps(offsets: Iterable[int], start_offset: int, end_offset: int) -> list[tuple[int, int]]:
    """Return the ranges, each end excluded, between two offsets where no record is."""
    borders = [start_offset - 1, *offsets, end_offset]
    return [(before + 1, after) for before, after in pairwise(borders) if before + 1 < after]


@dataclass
class _Parsed:
    """A chunk's records, read."""

    candidates: list[Candidate] = field(default_factory=list)
    rejections: dict[int, Rejection] = field(default_factory=dict)


class _ChunkWriter:
    def __init__(self, batch: Batch, partition: int, written: Written) -> None:
        self._batch = batch
        self._key = LedgerKey(batch.topic, batch.topic_id, partition)
        self._written = written
        self._last = batch.refusals

    def write(self, chunk: Chunk) -> None:
        """Write a chunk in one transaction; in two where it takes longer than a statement may."""
        parsed = self._parse(chunk.records)
        self._check_topic()
        try:
            refusals = retry(lambda: self._transact(chunk, parsed), _RETRY_SECONDS, psycopg2.Error, _may_pass)
        except psycopg2.errors.QueryCanceled:
            if len(chunk.records) < 2:  # noqa: PLR2004 - one can't be halved
                raise
            for half in chunk.halves():
                self.write(half)
            return
        self._last = refusals.last
        self._written.records += len(chunk.records)
        self._written.outcomes += refusals.new

    def _parse(self, records: Iterable[Record]) -> _Parsed:
        parsed = _Parsed()
        parse = self._batch.contract.parse
        for offset, timestamp, value, _ in records:
            if value is not None and len(value) > LARGEST_VALUE:
                parsed.rejections[offset] = unprocessable(value, "it is too large")
                continue
            try:
                row = parse(value)
            except Exception as error:
                row = unprocessable(value or b"", f"it can't be parsed: {type(error).__name__}")
            if isinstance(row, Rejection):
                parsed.rejections[offset] = row
            else:
                parsed.candidates.append(Candidate(offset, kafka_timestamp(timestamp), row))
        return parsed

    def _check_topic(self) -> None:
        """Ask Kafka whether the records came from the topic of the ledger's row; while it is away, ask again.

        Asked after they were read and before they are written: ids never come back, so the answer holds for all.
        """
        now = retry(lambda: topic_id(settings().bootstrap_servers, self._key.topic), _RETRY_KAFKA_SECONDS, TopicError)
        if now != self._key.topic_id.partition("~")[0]:
            raise LedgerError(
                f"Topic {self._key.topic} was deleted and created again: its id was {self._key.topic_id}, is {now}."
            )

    def _transact(self, chunk: Chunk, parsed: _Parsed) -> Refusals:
        refusals = Refusals(self._batch.contract.table, self._last)
        name = task_name(self._batch.start_id, self._key.partition)
        with worker_connection.transaction(settings().database_url, name) as cursor:
            next_offset = lock(cursor, self._key)
            if next_offset < chunk.start_offset:
                raise LedgerError(
                    f"The ledger stands at {next_offset} in partition {self._key.partition}, the batch goes on at "
                    f"{chunk.start_offset}: PostgreSQL was restored or the ledger changed. A new start of the driver "
                    "goes on from the ledger."
                )
            if next_offset < chunk.end_offset:
                self._write(cursor, next_offset, chunk, parsed, refusals)
        return refusals

    def _write(self, cursor: Cursor, next_offset: int, chunk: Chunk, parsed: _Parsed, refusals: Refusals) -> None:
        """Write what lies at next_offset and beyond: what lies before was committed by somebody else."""
        records = [record for record in chunk.records if record.offset >= next_offset]
        candidates = [candidate for candidate in parsed.candidates if candidate.offset >= next_offset]
        insertion = insert(cursor, self._batch.contract, self._key.partition, candidates, refusals)
        rejections = parsed.rejections | insertion.rejections
        rejected = reject(cursor, self._key, records, rejections)
        skipped = 0
        for from_offset, end_offset in gaps((record.offset for record in records), next_offset, chunk.end_offset):
            skip(cursor, self._key, from_offset, end_offset, "no_record")
            skipped += end_offset - from_offset
        inserted, duplicates = len(insertion.inserted), len(insertion.duplicates)
        advance(
            cursor, self._key, Totals(chunk.end_offset, len(records), inserted, duplicates, rejected, skipped=skipped)
        )


def _may_pass(error: psycopg2.Error) -> bool:
    """Return whether a chunk may be written as it is a little later; one that took too long will again."""
    return is_transient(error) and not isinstance(error, psycopg2.errors.QueryCanceled)


def reject(cursor: Cursor, key: LedgerKey, records: Iterable[Record], rejections: Mapping[int, Rejection]) -> int:
    """Write those records that are rejected as Kafka holds them, each with its reason, and return how many."""
    rows = [
        (
            *(key.topic, key.topic_id, key.partition, record.offset, kafka_timestamp(record.timestamp)),
            *(_bytes(record.message.key()), _headers(record.message)),
            _kept(record.value, rejections[record.offset]),
            *rejections[record.offset],
        )
        for record in records
        if record.offset in rejections
    ]
    return copy(cursor, "rejected_records", _REJECTED_COLUMNS, rows) if rows else 0


def _headers(message: Message) -> str | None:
    """Return a record's headers as JSON, their values in base64: a header may hold any bytes, JSON may not."""
    try:
        headers = message.headers()
    except (SystemError, UnicodeDecodeError):
        # The name of one is not UTF-8; the client then shows none of them, and raises.
        return json.dumps([{"key": "(the name of a header is not UTF-8)", "value": None}])
    if not headers:
        return None
    # jsonb refuses U+0000.
    as_json = [
        {"key": name.replace("\0", "�"), "value": None if value is None else b64encode(_bytes(value) or b"").decode()}
        for name, value in headers
    ]
    return json.dumps(as_json)


def _bytes(value: str | bytes | None) -> bytes | None:
    """Return what is bytes anyway: the client's annotations say that it may be text."""
    return value.encode() if isinstance(value, str) else value


def _kept(value: bytes | None, rejection: Rejection) -> bytes | None:
    return value[:_KEPT_OF_A_VALUE] if value and rejection.reason == "unprocessable" else value


def unprocessable(value: bytes, why: str) -> Rejection:
    """Return the rejection of a record that no task can or may process: only the value's first megabyte is kept."""
    digest = hashlib.sha256(value).hexdigest()
    return Rejection("unprocessable", f"{why}. Size {len(value)} bytes, SHA-256 {digest}; the first megabyte is kept")


def kafka_timestamp(milliseconds: int) -> str | None:
    """Return Kafka's timestamp as text with a zone; None where there is none, or none that can be written."""
    if milliseconds == _NO_TIMESTAMP:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def task_name(start_id: int, partition: int) -> str:
    """Return how a task's session is named in pg_stat_activity."""
    return f"users_stream start {start_id} partition {partition}"
