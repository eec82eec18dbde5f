"""Batches into a real PostgreSQL, as the driver and its tasks write them; Spark and Kafka are stood in for."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import psycopg2
import pytest
from pyspark.accumulators import Accumulator
from pyspark.sql import DataFrame

from spark import sink
from spark.batch_writer import BatchWriter
from spark.ledger import LedgerError, Plan
from spark.settings import read_settings
from tests.postgresql.copy_line import copy_line
from tests.postgresql.server import Database

_TOPIC = "random-user"
_STANDS = 5
_OPEN = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, inserted)
VALUES ('random-user', 'A', 0, 0, %(offset)s, %(offset)s)
"""
_FALL_BACK = """
DELETE FROM users;
UPDATE stream_offsets SET next_offset = %(offset)s, inserted = %(offset)s, skipped = 0 WHERE partition = 0
"""
_LEDGER = """
SELECT partition, next_offset, inserted, duplicates, rejected, skipped FROM stream_offsets ORDER BY partition
"""
_OPEN_BOTH = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset)
VALUES ('random-user', 'A', 0, 0, 0), ('random-user', 'A', 1, 0, 0)
"""
_MANY = 20000
_ANOTHER_DRIVER = "UPDATE stream_offsets SET next_offset = 8, inserted = inserted + 3"


class Batch:
    """A batch's rows by Kafka partition, each partition a task; `after` happens once all have committed."""

    def __init__(self, offsets: Mapping[int, range], after: Callable[[], object] = lambda: None) -> None:
        self._offsets = offsets
        self._after = after

    def foreachPartition(self, write: Callable[[Iterator[tuple[int, int, bytes, bytes]]], None]) -> None:  # noqa: N802 - as Spark calls it
        """Do what Spark does with a batch, a retried task included."""
        for partition, offsets in self._offsets.items():
            for _ in range(2):
                write((partition, offset, line(offset, uuid(partition, offset)), b"") for offset in offsets)
        write(iter(()))
        self._after()


def uuid(partition: int, number: int) -> str:
    return f"00000000-0000-0000-{partition:04}-{number:012}"


def line(offset: int, uuid: str) -> bytes:
    """Give the line of a person for COPY into the batch."""
    return copy_line(offset, {"uuid": uuid, "email": "a@x.org"})


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "offsets").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def _tasks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks find this database, and a topic that is the ledger's."""
    url = database.url("users_stream")
    given = read_settings({"USERS_STREAM_DATABASE_URL": url, "STREAM_CHECKPOINT_ROOT": "/nowhere"})
    monkeypatch.setattr(sink, "settings", lambda: given)
    monkeypatch.setattr(sink, "topic_id", lambda *_: "A")


@pytest.fixture
def writer(database: Database, checkpoint: Path) -> Iterator[BatchWriter]:
    """A driver's writer that found the ledger at 5 in partition 0."""
    written = Accumulator(0, frozenset[int](), sink.Partitions())
    with closing(psycopg2.connect(database.url("users_stream"))) as connection:
        yield BatchWriter(_TOPIC, Plan("A", {}, {}, {0: _STANDS}), checkpoint, connection, written)


def write(writer: BatchWriter, checkpoint: Path, ends: Mapping[int, int], batch: Batch) -> None:
    """Write a batch with these end offsets, which Spark has written down before."""
    (checkpoint / "offsets" / "0").write_text("v1\n{}\n" + json.dumps({_TOPIC: ends}), encoding="utf-8")
    writer.write(cast("DataFrame", batch), 0)


def ledger(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(_LEDGER)]


def test_rows_and_ledger_of_a_batch(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _STANDS})
    write(writer, checkpoint, {0: 8, 1: 2}, Batch({0: range(5, 8), 1: range(2)}))
    assert ledger(database) == [(0, 8, 8, 0, 0, 0), (1, 2, 2, 0, 0, 0)]
    write(writer, checkpoint, {0: 9, 1: 2}, Batch({0: range(8, 9)}))
    assert ledger(database) == [(0, 9, 9, 0, 0, 0), (1, 2, 2, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 6


def test_offsets_that_hold_no_record_are_passed_over(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _STANDS})
    write(writer, checkpoint, {0: 8, 1: 4}, Batch({1: range(1, 3)}))
    assert ledger(database) == [(0, 8, 5, 0, 0, 3), (1, 4, 2, 0, 0, 2)]
    ranges = "SELECT partition, from_offset, to_offset, reason FROM skipped_offsets ORDER BY partition, from_offset"
    assert [tuple(row.values()) for row in database.run(ranges)] == [
        (0, 5, 7, "no_record"),
        (1, 0, 0, "no_record"),
        (1, 3, 3, "no_record"),
    ]


def test_a_backup_restored_between_tasks_and_driver_loses_nothing(
    database: Database, writer: BatchWriter, checkpoint: Path
):
    database.run(_OPEN, {"offset": _STANDS})
    restored = Batch({0: range(5, 8)}, after=lambda: database.run(_FALL_BACK, {"offset": _STANDS}))
    with pytest.raises(LedgerError, match="fell back"):
        write(writer, checkpoint, {0: 8}, restored)
    assert ledger(database) == [(0, 5, 5, 0, 0, 0)]  # a new driver reads them again


def test_what_another_driver_wrote_meanwhile_is_not_written_again(
    database: Database, writer: BatchWriter, checkpoint: Path
):
    database.run(_OPEN, {"offset": _STANDS})
    database.run(_ANOTHER_DRIVER)
    write(writer, checkpoint, {0: 8}, Batch({0: range(5, 8)}))
    assert ledger(database) == [(0, 8, 8, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0
    write(writer, checkpoint, {0: 10}, Batch({0: range(7, 10)}))
    assert ledger(database) == [(0, 10, 10, 0, 0, 0)]


def test_after_the_end_nothing_is_written(database: Database, writer: BatchWriter, checkpoint: Path):
    database.run(_OPEN, {"offset": _STANDS})
    writer.finish()
    write(writer, checkpoint, {0: 8}, Batch({0: range(5, 8)}))
    assert ledger(database) == [(0, 5, 5, 0, 0, 0)]


def test_a_topic_created_again_while_a_batch_is_written_takes_it_back(
    database: Database, writer: BatchWriter, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    database.run(_OPEN, {"offset": _STANDS})
    monkeypatch.setattr(sink, "topic_id", lambda *_: "B")
    with pytest.raises(LedgerError, match="deleted and created again"):
        write(writer, checkpoint, {0: 8}, Batch({0: range(5, 8)}))
    assert ledger(database) == [(0, 5, 5, 0, 0, 0)]
    assert database.value("SELECT count(*) FROM users") == 0


def test_partitions_that_bring_the_same_people_in_opposite_order_end_right(
    database: Database,
):
    """Each comes to wait for what the other has inserted: PostgreSQL ends one, which is tried again."""
    batch = sink.Batch(_TOPIC, "A", dict.fromkeys((0, 1), (0, _MANY)))
    database.run(_OPEN_BOTH)
    with ThreadPoolExecutor(2) as pool, sink.Drained() as up, sink.Drained() as down:
        for offset in range(_MANY):
            up.add(offset, line(offset, uuid(0, offset)), b"")
            down.add(offset, line(offset, uuid(0, _MANY - offset - 1)), b"")
        totals = [*pool.map(sink.write, (up, down), (batch, batch), (0, 1))]
    assert sum(each.inserted for each in totals if each) == _MANY
    assert sum(each.duplicates for each in totals if each) == _MANY
    assert database.value("SELECT count(*) FROM users") == _MANY


@pytest.mark.parametrize("offset", [_STANDS, _STANDS + 1])  # beyond: another driver was faster
def test_a_ledger_that_stands_or_went_on_is_fine(database: Database, writer: BatchWriter, offset: int):
    database.run(_OPEN, {"offset": offset})
    writer.compare_with_ledger()


def test_a_ledger_that_fell_back_ends_the_driver(database: Database, writer: BatchWriter):
    database.run(_OPEN, {"offset": _STANDS - 1})
    with pytest.raises(LedgerError, match="fell back"):
        writer.compare_with_ledger()


def test_a_ledger_that_is_gone_ends_the_driver(writer: BatchWriter):
    with pytest.raises(LedgerError, match="fell back"):
        writer.compare_with_ledger()
