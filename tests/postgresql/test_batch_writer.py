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
from spark import batch_writer, sink, worker_connection
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


class DeadError(Exception):
    """Stands for a task that dies without a word."""


def parse(value: bytes | None) -> tuple[str | int | None, ...] | Rejection:
    """Return a row of a uuid and an e-mail; no JSON is needed to test what writes it."""
    if value == _DEADLY:
        raise DeadError
    if value is None:
        return Rejection("tombstone", "the record has no value")
    return value.decode(), "a@x.org"


CONTRACT = Contract("users", ("uuid", "email"), parse)


def uuid(partition: int, number: int) -> str:
    return f"00000000-0000-0000-{partition:04}-{number:012}"


def row(partition: int, offset: int) -> tuple[int, int, int, bytes | None]:
    return partition, offset, 0, uuid(partition, offset).encode()


class Records:
    """A batch's rows by Kafka partition, each partition a task; `after` happens once all have committed."""

    def __init__(
        self, rows: Mapping[int, Iterable[tuple[Any, ...]]], after: Callable[[], object] = lambda: None
    ) -> None:
        self._rows = {partition: list(of_it) for partition, of_it in rows.items()}
        self._after = after
        self._task: Callable[[Iterator[Any]], Iterator[Any]] = iter
        self.jobs = 0
        self.retried = True
        self.rdd = self
        self.context = self

    def selectExpr(self, *_: str) -> "Records":  # noqa: N802 - as Spark calls it
        return self

    def parallelize(self, partitions: list[int], _: int) -> "Records":
        """Return what a task gets that reads by itself: the number of its partition."""
        return Records({partition: [partition] for partition in partitions})  # pyright: ignore[reportArgumentType]

    def mapPartitions(self, task: Callable[[Iterator[Any]], Iterator[Any]]) -> "Records":  # noqa: N802 - as above
        self._task = task
        return self

    def collect(self) -> list[object]:
        """Do what Spark does with a batch, a retried task and a partition without rows included."""
        self.jobs += 1
        results: list[object] = []
        try:
            for rows in [*self._rows.values(), []]:
                if self.retried:
                    list(self._task(iter(rows)))
                results += self._task(iter(rows))
        except DeadError:
            raise PySparkException("Task 0 in stage 3.0 failed: Command exited with code 52") from None
        self._after()
        return results


def whole(offsets: Mapping[int, range], after: Callable[[], object] = lambda: None) -> Records:
    return Records({partition: [row(partition, n) for n in numbers] for partition, numbers in offsets.items()}, after)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "offsets").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def _tasks(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks find this database, and a topic that is the ledger's; nobody keeps a connection to it afterwards."""
    url = database.url("users_stream")
    configuration = read_settings({"USERS_STREAM_DATABASE_URL": url, "STREAM_CHECKPOINT_ROOT": "/nowhere"})
    for module in (sink, batch_writer):
        monkeypatch.setattr(module, "settings", lambda: configuration)
    monkeypatch.setattr(sink, "topic_id", lambda *_: "A")
    monkeypatch.setattr(sink, "read_origins", lambda *_: {})
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


def write(writer: BatchWriter, checkpoint: Path, ends: Mapping[int, int], records: Records) -> None:
    """Write a batch with these end offsets, which Spark has written down before."""
    (checkpoint / "offsets" / "0").write_text("v1\n{}\n" + json.dumps({_TOPIC: ends}), encoding="utf-8")
    writer.write(cast("DataFrame", records), 0)


def ledger(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(_LEDGER)]


def test_rows_and_ledger(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _START})
    write(writer, checkpoint, {0: 8, 1: 2}, whole({0: range(5, 8), 1: range(2)}))
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0), (1, 2, 2, 2, 0, 0, 0)]
    write(writer, checkpoint, {0: 9, 1: 2}, whole({0: range(8, 9)}))
    assert ledger(database) == [(0, 9, 9, 9, 0, 0, 0), (1, 2, 2, 2, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 6


def test_chunks_commit_one_by_one(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "RECORDS_IN_A_CHUNK", 3)
    numbers = [5, 6, 7, 10, 11, 12, 13, 14]
    write(writer, checkpoint, {0: 20}, Records({0: [row(0, n) for n in numbers]}))
    assert ledger(database) == [(0, 20, 13, 13, 0, 0, 7)]
    assert [tuple(each.values()) for each in database.run(_SKIPPED)] == [
        (0, 8, 9, "no_record"),
        (0, 15, 19, "no_record"),
    ]


def test_offsets_without_a_record(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _START})
    write(writer, checkpoint, {0: 8, 1: 4}, whole({1: range(1, 3)}))
    assert ledger(database) == [(0, 8, 5, 5, 0, 0, 3), (1, 4, 2, 2, 0, 0, 2)]
    assert [tuple(row.values()) for row in database.run(_SKIPPED)] == [
        (0, 5, 7, "no_record"),
        (1, 0, 0, "no_record"),
        (1, 3, 3, "no_record"),
    ]


def test_rejected_records_keep_what_they_came_with(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "read_origins", lambda *_: {6: (b"key", [("slot", b"\xff"), ("none", None)])})
    write(writer, checkpoint, {0: 8}, Records({0: [row(0, 5), (0, 6, 1_500_000, None), row(0, 7)]}))
    [record] = database.run("SELECT * FROM rejected_records")
    assert (record["offset"], record["reason"], bytes(record["key"]), record["payload"]) == (
        6,
        "tombstone",
        b"key",
        None,
    )
    assert record["headers"] == [{"key": "slot", "value": "/w=="}, {"key": "none", "value": None}]
    assert record["kafka_timestamp"].timestamp() == 1.5
    assert ledger(database) == [(0, 8, 8, 7, 0, 1, 0)]


def test_value_too_large_is_set_aside(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "LARGEST_VALUE", 2**20)
    write(writer, checkpoint, {0: 7}, Records({0: [(0, 5, 0, b"a" * (2**20 + 1)), row(0, 6)]}))
    [record] = database.run("SELECT reason, detail, octet_length(payload) AS size FROM rejected_records")
    assert (record["reason"], record["size"]) == ("unprocessable", 2**20)
    assert "1048577 bytes, SHA-256 " in record["detail"]
    assert ledger(database) == [(0, 7, 7, 6, 0, 1, 0)]


def test_restored_backup_loses_nothing(database: Database, writer: BatchWriter, checkpoint: Path):
    """A backup restored between tasks and driver ends the driver; a new one reads the records again."""
    database.run(_OPEN, {"offset": _START})
    restored = whole({0: range(5, 8)}, after=lambda: database.run(_FALL_BACK, {"offset": _START}))
    with pytest.raises(LedgerError, match="fell back"):
        write(writer, checkpoint, {0: 8}, restored)
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]


def test_another_driver_was_faster(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _START})
    database.run(_ANOTHER_DRIVER)
    write(writer, checkpoint, {0: 8}, whole({0: range(5, 8)}))
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0
    write(writer, checkpoint, {0: 10}, whole({0: range(7, 10)}))
    assert ledger(database) == [(0, 10, 10, 10, 0, 0, 0)]


def test_nothing_is_written_after_finish(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _START})
    writer.finish()
    write(writer, checkpoint, {0: 8}, whole({0: range(5, 8)}))
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]


def test_topic_created_again_meanwhile(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(sink, "topic_id", lambda *_: "B")
    with pytest.raises(LedgerError, match="deleted and created again"):
        write(writer, checkpoint, {0: 8}, whole({0: range(5, 8)}))
    assert ledger(database) == [(0, 5, 5, 5, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0


def test_opposite_order_does_not_deadlock(database: Database):
    """Partitions that bring the same people in opposite order wait for each other, and none is ended."""
    database.run(_OPEN_BOTH)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    batch = sink.Batch(CONTRACT, _TOPIC, "A", 1, dict.fromkeys((0, 1), (0, _MANY)))
    up = [sink.Record(n, 0, uuid(0, n).encode()) for n in range(_MANY)]
    down = [sink.Record(n, 0, uuid(0, _MANY - n - 1).encode()) for n in range(_MANY)]
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


def test_table_fault_sets_twenty_aside_at_most(database: Database, writer: BatchWriter, checkpoint: Path):
    """Batches of a few rows: what the table refuses is counted over batches and partitions."""
    database.run(_OPEN, {"offset": _START})
    database.run("ALTER TABLE users ADD CONSTRAINT closed CHECK (kafka_offset < 0)")

    def write_small_batches() -> None:
        for n in range(_START, 100, 3):
            records = whole({0: range(n, n + 3)})
            records.retried = False  # the answer of a task whose first attempt has committed knows of no refusal
            write(writer, checkpoint, {0: n + 3}, records)

    with pytest.raises(TableFault, match="closed"):
        write_small_batches()
    assert database.value("SELECT count(*) FROM rejected_records") <= 20


def test_lost_connection_is_opened_again(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _START})
    write(writer, checkpoint, {0: 6}, whole({0: range(5, 6)}))
    ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'users_stream'"
    assert database.value(ends, role="postgres") >= 2
    write(writer, checkpoint, {0: 8}, whole({0: range(6, 8)}))
    assert ledger(database) == [(0, 8, 8, 8, 0, 0, 0)]


def test_long_statement_is_written_in_parts(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    """What takes longer than a statement may is committed in halves."""
    database.run(_OPEN, {"offset": _START})
    insert = sink.insert

    def slow(cursor: Cursor, contract: Contract, partition: int, candidates: list[Any], refusals: Refusals) -> object:
        if len(candidates) > 2:
            raise psycopg2.errors.QueryCanceled
        return insert(cursor, contract, partition, candidates, refusals)

    monkeypatch.setattr(sink, "insert", slow)
    write(writer, checkpoint, {0: 15}, whole({0: range(5, 15)}))
    assert ledger(database) == [(0, 15, 15, 15, 0, 0, 0)]


class Message:
    """A record as librdkafka gives it."""

    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1500

    def value(self) -> bytes:
        return self._value

    def key(self) -> bytes:
        return b"key"

    def headers(self) -> None:
        return None


def test_record_that_ends_its_task_costs_one_record(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _START})
    values = {n: uuid(0, n).encode() for n in range(5, 105)} | {42: _DEADLY}
    monkeypatch.setattr(
        batch_writer, "read_messages", lambda *args: iter([Message(n, values[n]) for n in range(*args[-2:])])
    )
    records = Records({0: [(0, n, 0, value) for n, value in values.items()]})
    write(writer, checkpoint, {0: 105}, records)
    assert records.jobs == 2
    assert ledger(database) == [(0, 105, 105, 104, 0, 1, 0)]
    [record] = database.run('SELECT "offset", reason, detail, payload, key FROM rejected_records')
    assert (record["offset"], record["reason"], bytes(record["payload"])) == (42, "unprocessable", _DEADLY)
    assert record["detail"].startswith("the task that read it ended: the executor ran out of memory. Size 6 bytes")
    assert bytes(record["key"]) == b"key"


def test_every_task_dies(database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    """Where record after record ends its task, the code or the machine is to blame: the driver ends."""
    database.run(_OPEN, {"offset": _START})
    monkeypatch.setattr(
        batch_writer, "read_messages", lambda *args: iter([Message(n, _DEADLY) for n in range(*args[-2:])])
    )
    with pytest.raises(TaskDiedError):
        write(writer, checkpoint, {0: 105}, Records({0: [(0, n, 0, _DEADLY) for n in range(5, 105)]}))
    assert database.value("SELECT count(*) FROM rejected_records") <= 10
