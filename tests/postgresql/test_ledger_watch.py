"""What guards the ledger while nothing is written: the driver looks at it, and PostgreSQL at forgotten sessions."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from spark.ledger import LedgerError, Plan
from spark.settings import read_settings
from spark.users_stream import BatchWriter
from tests.postgresql.server import Database

_OPEN = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, inserted)
VALUES ('random-user', 'A', 0, 0, %(offset)s, %(offset)s)
"""
_STANDS = 5


@pytest.fixture
def writer(database: Database) -> Iterator[BatchWriter]:
    url = database.url("users_stream")
    given = read_settings({"USERS_STREAM_DATABASE_URL": url, "STREAM_CHECKPOINT_ROOT": "/nowhere"})
    with closing(psycopg2.connect(url)) as connection:
        yield BatchWriter(given, Plan("A", {}, {}, {0: _STANDS}), Path("/nowhere"), connection)


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


def test_a_session_that_forgets_its_transaction_is_ended(database: Database):
    with closing(psycopg2.connect(database.url())) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
