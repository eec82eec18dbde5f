"""Batches into a real PostgreSQL, as the driver and its tasks write them; Spark and Kafka are stood in for."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import psycopg2
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from contract.contract import Contract
from contract.refusals import Refusals, TableFault
from contract.rejection import Rejection
from spark import sink, worker_connection
from spark.batch_writer import BatchWriter
from spark.driver_state import Session
from spark.isolation import TaskDiedError
from spark.ledger import LedgerError
from spark.settings import read_settings
from sql.connection import Cursor
from tests.postgresql.server import Database

_TOPIC = "random-user"
_START = 5
_OPEN = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, records, inserted)
VALUES ('random-user', 'A', 0, 0, %(offset)s, %(offset)s, %(offset)s)
"""
_FALL_BACK = """
DELETE FROM users;
UPDATE stream_offsets SET next_offset = %(offset)s, records = %(offset)s, inserted = %(offset)s, skipped = 0
WHERE partition = 0
"""
_LEDGER = """
SELECT partition, next_offset, records, inserted, duplicates, rejected, skipped FROM stream_offsets ORDER BY partition
"""
_OPEN_BOTH = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset)
VALUES ('random-user', 'A', 0, 0, 0), ('random-user', 'A', 1, 0, 0)
"""
_SKIPPED = "SELECT partition, from_offset, to_offset, reason FROM skipped_offsets ORDER BY partition, from_offset"
_MANY = 20000
_ANOTHER_DRIVER = "UPDATE stream_offsets SET next_offset = 8, records = records + 3, inserted = inserted + 3"
_DEADLY = b"deadly"


class Dead(BaseException):
    """Stands for a task that dies without a word."""


def parse(value: bytes | None) -> tuple[str | int | None, ...] | Rejection:
    """Return a row of a uuid and an e-mail; no JSON is needed to test what writes it."""
    if value == _DEADLY:
        raise Dead
    if value is None:
        return Rejection("tombstone", "the record has no value")
    return value.decode(), "a@x.org"


CONTRACT = Contract("users", ("uuid", "email"), parse)


def uuid(partition: int, number: int) -> str:
    return f"00000000-0000-0000-{partition:04}-{number:012}"


class Message:
    """A record as librdkafka gives it."""

    def __init__(self, offset: int, value: bytes | None, headers: list[tuple[str, bytes | None]] | None = None) -> None:
        self._offset, self._value, self._headers = offset, value, headers

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1500

    def value(self) -> bytes | None:
        return self._value

    def key(self) -> bytes:
        return b"key"

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._headers


def record(offset: int, value: bytes) -> sink.Record:
    return sink.Record(offset, 1500, value, cast("Any", Message(offset, value)))


class Kafka:
    """The partitions of a topic, by offset."""

    def __init__(self) -> None:
        self.messages: dict[int, dict[int, Message]] = {}

    def send(self, partition: int, *messages: Message) -> None:
        self.messages.setdefault(partition, {}).update({message.offset(): message for message in messages})

    def send_people(self, partition: int, offsets: Iterable[int]) -> None:
        self.send(partition, *(Message(offset, uuid(partition, offset).encode()) for offset in offsets))

    def read(self, _: object, topic: str, partition: int, start: int, end: int) -> Iterator[Message]:
        assert topic == _TOPIC
        messages = self.messages.get(partition, {})
        return iter([messages[offset] for offset in sorted(messages) if start <= offset < end])


class Spark:
    """Does what Spark does with a batch; `after` happens once all tasks have committed."""

    def __init__(self) -> None:
        self.after: Callable[[], object] = lambda: None
        self.retried = True
        self.jobs = 0
        self.sparkSession = self
        self.sparkContext = self

    def parallelize(self, partitions: list[int], tasks: int) -> "Spark":
        assert tasks == len(partitions)
        self._partitions = partitions
        return self

    def mapPartitions(self, task: Callable[[Iterator[int]], Iterator[object]]) -> "Spark":  # noqa: N802 - as Spark calls it
        self._task = task
        return self

    def collect(self) -> list[object]:
        """Run a task for each partition, twice where Spark would try one again whose answer was lost."""
        self.jobs += 1
        results: list[object] = []
        try:
            for partition in self._partitions:
                if self.retried:
                    list(self._task(iter([partition])))
                results += self._task(iter([partition]))
        except Dead:
            raise PySparkException("Task 0 in stage 3.0 failed: Command exited with code 52") from None
        self.after()
        return results


@pytest.fixture
def spark() -> Spark:
    return Spark()


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "offsets").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def _tasks(database: Database, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks find this database, and a topic that is the ledger's; nobody keeps a connection to it afterwards."""
    url = database.url("users_stream")
    configuration = read_settings({"USERS_STREAM_DATABASE_URL": url, "STREAM_CHECKPOINT_ROOT": "/nowhere"})
    monkeypatch.setattr(sink, "settings", lambda: configuration)
    monkeypatch.setattr(sink, "topic_id", lambda *_: "A")
    monkeypatch.setattr(sink, "read", kafka.read)
    yield
    while worker_connection._kept:
        worker_connection._kept.pop().close()


@pytest.fixture
def writer(database: Database, checkpoint: Path) -> Iterator[BatchWriter]:
    """A driver's writer that found the ledger at 5 in partition 0."""
    session = Session(database.url("users_stream"))
    stream = sink.Batch(CONTRACT, _TOPIC, "A", 1)
    with closing(session):
        yield BatchWriter(stream, {0: _START}, checkpoint, session, Refusals("users"))


@pytest.fixture
def write(writer: BatchWriter, checkpoint: Path, spark: Spark) -> Callable[[Mapping[int, int]], None]:
    """Writes a batch with these end offsets, which Spark has written down before."""

    def write(ends: Mapping[int, int]) -> None:
        (checkpoint / "offsets" / "0").write_text("v1\n{}\n" + json.dumps({_TOPIC: ends}), encoding="utf-8")
        writer.write(cast("DataFrame", spark), 0)

    return write


Write = Callable[[Mapping[int, int]], None]


def ledger(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(_LEDGER)]


def test_rows_and_ledger(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 9))
    kafka.send_people(1, range(2))
    write({0: 8, 1: 2})
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0), (1, 2, 2, 2, 0, 0, 0)]
    write({0: 9, 1: 2})
    assert ledger(database) == [(0, 9, 9, 9, 0, 0, 0), (1, 2, 2, 2, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 6


def test_records_of_a_batch_are_counted(
    database: Database, kafka: Kafka, spark: Spark, write: Write, writer: BatchWriter
):
    database.run(_OPEN, {"offset": _START})
    spark.retried = False
    kafka.send_people(0, [5, 7])
    write({0: 8})
    assert writer.records == {0: 2}


def test_chunks_commit_one_by_one(database: Database, kafka: Kafka, write: Write, monkeypatch: pytest.MonkeyPatch):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "RECORDS_IN_A_CHUNK", 3)
    kafka.send_people(0, [5, 6, 7, 10, 11, 12, 13, 14])
    write({0: 20})
    assert ledger(database) == [(0, 20, 13, 13, 0, 0, 7)]
    assert [tuple(row.values()) for row in database.run(_SKIPPED)] == [
        (0, 8, 9, "no_record"),
        (0, 15, 19, "no_record"),
    ]


def test_offsets_without_a_record(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(1, range(1, 3))
    write({0: 8, 1: 4})
    assert ledger(database) == [(0, 8, 5, 5, 0, 0, 3), (1, 4, 2, 2, 0, 0, 2)]
    assert [tuple(row.values()) for row in database.run(_SKIPPED)] == [
        (0, 5, 7, "no_record"),
        (1, 0, 0, "no_record"),
        (1, 3, 3, "no_record"),
    ]


def test_rejected_records_keep_what_they_came_with(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, [5, 7])
    kafka.send(0, Message(6, None, [("slot", b"\xff"), ("none", None), ("a\0", b"")]))
    write({0: 8})
    [rejected] = database.run("SELECT * FROM rejected_records")
    assert (rejected["offset"], rejected["reason"], bytes(rejected["key"])) == (6, "tombstone", b"key")
    assert rejected["payload"] is None
    assert rejected["headers"] == [
        {"key": "slot", "value": "/w=="},
        {"key": "none", "value": None},
        {"key": "a\ufffd", "value": ""},
    ]
    assert rejected["kafka_timestamp"].timestamp() == 1.5
    assert ledger(database) == [(0, 8, 8, 7, 0, 1, 0)]


def test_value_too_large_is_set_aside(database: Database, kafka: Kafka, write: Write, monkeypatch: pytest.MonkeyPatch):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "LARGEST_VALUE", 2**20)
    kafka.send(0, Message(5, b"a" * (2**20 + 1)))
    kafka.send_people(0, [6])
    write({0: 7})
    [rejected] = database.run("SELECT reason, detail, octet_length(payload) AS size FROM rejected_records")
    assert (rejected["reason"], rejected["size"]) == ("unprocessable", 2**20)
    assert "1048577 bytes, SHA-256 " in rejected["detail"]
    assert ledger(database) == [(0, 7, 7, 6, 0, 1, 0)]


def test_restored_backup_loses_nothing(database: Database, kafka: Kafka, spark: Spark, write: Write):
    """A backup restored between tasks and driver ends the driver; a new one reads the records again."""
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 8))
    spark.after = lambda: database.run(_FALL_BACK, {"offset": _START})
    with pytest.raises(LedgerError, match="fell back"):
        write({0: 8})
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]


def test_another_driver_was_faster(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    database.run(_ANOTHER_DRIVER)
    kafka.send_people(0, range(5, 10))
    write({0: 8})
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0
    write({0: 10})
    assert ledger(database) == [(0, 10, 10, 10, 0, 0, 0)]


def test_nothing_is_written_after_finish(database: Database, kafka: Kafka, write: Write, writer: BatchWriter):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 8))
    writer.finish()
    write({0: 8})
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]


def test_topic_created_again_meanwhile(
    database: Database, kafka: Kafka, write: Write, writer: BatchWriter, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 8))
    monkeypatch.setattr(sink, "topic_id", lambda *_: "B")
    with pytest.raises(LedgerError, match="deleted and created again"):
        write({0: 8})
    assert isinstance(writer.failure, LedgerError)
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0


def test_opposite_order_does_not_deadlock(database: Database):
    """Partitions that bring the same people in opposite order wait for each other, and none is ended."""
    database.run(_OPEN_BOTH)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    batch = sink.Batch(CONTRACT, _TOPIC, "A", 1, dict.fromkeys((0, 1), (0, _MANY)))
    up = [record(n, uuid(0, n).encode()) for n in range(_MANY)]
    down = [record(n, uuid(0, _MANY - n - 1).encode()) for n in range(_MANY)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sink.write, (up, down), (batch, batch), (0, 1)))
    assert sum(row["inserted"] for row in database.run("SELECT inserted FROM stream_offsets")) == _MANY
    assert sum(row["duplicates"] for row in database.run("SELECT duplicates FROM stream_offsets")) == _MANY
    assert database.value("SELECT count(*) FROM users") == _MANY
    assert database.value(deadlocks) == 0


@pytest.mark.parametrize("offset", [_START, _START + 1])  # beyond: another driver was faster
def test_ledger_that_went_on_is_fine(database: Database, writer: BatchWriter, offset: int):
    database.run(_OPEN, {"offset": offset})
    writer.compare_with_ledger()


def test_ledger_that_fell_back_ends_the_driver(database: Database, writer: BatchWriter):
    database.run(_OPEN, {"offset": _START - 1})
    with pytest.raises(LedgerError, match="fell back"):
        writer.compare_with_ledger()


def test_ledger_that_is_gone_ends_the_driver(writer: BatchWriter):
    with pytest.raises(LedgerError, match="fell back"):
        writer.compare_with_ledger()


def test_table_fault_sets_twenty_aside_at_most(database: Database, kafka: Kafka, spark: Spark, write: Write):
    """Batches of a few rows: what the table refuses is counted over batches and partitions."""
    database.run(_OPEN, {"offset": _START})
    database.run("ALTER TABLE users ADD CONSTRAINT closed CHECK (kafka_offset < 0)")
    kafka.send_people(0, range(5, 100))
    spark.retried = False  # the answer of a task whose first attempt has committed knows of no refusal

    def write_small_batches() -> None:
        for n in range(_START, 97, 3):
            write({0: n + 3})

    with pytest.raises(TableFault, match="closed"):
        write_small_batches()
    assert database.value("SELECT count(*) FROM rejected_records") <= 20


def test_lost_connection_is_opened_again(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 8))
    write({0: 6})
    ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'users_stream'"
    assert database.value(ends, role="postgres") >= 2
    write({0: 8})
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0)]


def test_long_statement_is_written_in_parts(
    database: Database, kafka: Kafka, write: Write, monkeypatch: pytest.MonkeyPatch
):
    """What takes longer than a statement may is committed in halves."""
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 15))
    insert = sink.insert

    def slow(cursor: Cursor, contract: Contract, partition: int, candidates: list[Any], refusals: Refusals) -> object:
        if len(candidates) > 2:
            raise psycopg2.errors.QueryCanceled
        return insert(cursor, contract, partition, candidates, refusals)

    monkeypatch.setattr(sink, "insert", slow)
    write({0: 15})
    assert ledger(database) == [(0, 15, 15, 15, 0, 0, 0)]


def test_record_that_ends_its_task_costs_one_record(database: Database, kafka: Kafka, spark: Spark, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 105))
    kafka.send(0, Message(42, _DEADLY))
    write({0: 105})
    assert spark.jobs < 40
    assert ledger(database) == [(0, 105, 105, 104, 0, 1, 0)]
    [rejected] = database.run('SELECT "offset", reason, detail, payload, key FROM rejected_records')
    assert (rejected["offset"], rejected["reason"], bytes(rejected["payload"])) == (42, "unprocessable", _DEADLY)
    assert rejected["detail"].startswith("the task that read it ended: the executor ran out of memory. Size 6 bytes")
    assert bytes(rejected["key"]) == b"key"


def test_every_task_dies(database: Database, kafka: Kafka, write: Write):
    """Where record after record ends its task, the code or the machine is to blame: the driver ends."""
    database.run(_OPEN, {"offset": _START})
    kafka.send(0, *(Message(n, _DEADLY) for n in range(5, 105)))
    with pytest.raises(TaskDiedError, match="Partition 0, offset 15"):
        write({0: 105})
    assert database.value("SELECT count(*) FROM rejected_records") <= 10


def test_error_of_the_code_blames_no_record(
    database: Database, kafka: Kafka, write: Write, monkeypatch: pytest.MonkeyPatch
):
    """What a task raises by itself ends the driver: it would do so with any record."""
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, range(5, 8))
    monkeypatch.setattr(sink, "insert", lambda *_: 1 / 0)
    with pytest.raises(sink.TaskError, match="ZeroDivisionError"):
        write({0: 8})
    assert database.value("SELECT count(*) FROM rejected_records") == 0


def test_parser_that_raises_costs_one_record(database: Database, kafka: Kafka, write: Write):
    database.run(_OPEN, {"offset": _START})
    kafka.send_people(0, [5, 7])
    kafka.send(0, Message(6, b"\xff"))
    write({0: 8})
    [rejected] = database.run('SELECT "offset", reason, detail FROM rejected_records')
    assert (rejected["offset"], rejected["reason"]) == (6, "unprocessable")
    assert "UnicodeDecodeError" in rejected["detail"]


def test_header_whose_name_is_not_utf8(database: Database, kafka: Kafka, write: Write, monkeypatch: pytest.MonkeyPatch):
    """The client raises where it can't read a name; the record is rejected all the same, and its headers are lost."""
    database.run(_OPEN, {"offset": _START})

    def raise_error(_: Message) -> None:
        raise SystemError("returned a result with an exception set")

    monkeypatch.setattr(Message, "headers", raise_error)
    kafka.send(0, Message(5, None))
    write({0: 6})
    [rejected] = database.run("SELECT reason, headers FROM rejected_records")
    assert rejected["reason"] == "tombstone"
    assert "not UTF-8" in rejected["headers"][0]["key"]
