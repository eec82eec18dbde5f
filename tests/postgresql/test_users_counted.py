"""How many rows of users came from Kafka: counted from new rows only, and by reading all of them."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from pipeline_defs.database import Database as Tables
from pipeline_defs.database import DatabaseError, Row, Session
from pipeline_defs.nothing_lost import counting
from sql import statement
from tests.postgresql.ledger_rows import ADVANCE, PEOPLE, consume, open_ledger
from tests.postgresql.server import Database

_MINUTE_LATER = """
UPDATE users_counted SET
    counted_at = counted_at - INTERVAL '61 seconds', all_read_at = all_read_at - INTERVAL '61 seconds'
"""


@pytest.fixture
def tables(database: Database) -> Tables:
    """A ledger that is open, and nothing else."""
    open_ledger(database)
    return Tables(SecretStr(database.url()))


def count(tables: Tables) -> Row:
    with tables.session() as session:
        return counting.count_rows(session)


def books(row: Row) -> tuple[int, ...]:
    return tuple(row[name] for name in ("from_kafka", "inserted", "replayed", "erased"))


def count_later(tables: Tables, database: Database) -> Row:
    database.run(_MINUTE_LATER)
    return count(tables)


def count_new(tables: Tables) -> Row:
    """Count new rows only, whether that is due or not."""
    base = tables.run("proof_count_base")[0]
    kept = ("settled_id", "settled_rows", "last_id", "horizon", "erased", "all_read_at")
    return tables.run("proof_count_new", **{name: base[name] for name in kept})[0]


def settled(database: Database) -> tuple[int, int]:
    [row] = database.run("SELECT settled_id, settled_rows FROM users_counted ORDER BY counted_at DESC LIMIT 1")
    return row["settled_id"], row["settled_rows"]


def test_count_of_one_moment(tables: Tables, database: Database):
    consume(database, [0, 1, 2])
    assert books(tables.run("proof_count")[0]) == (3, 3, 0, 0)
    database.run("DELETE FROM users WHERE kafka_offset = 1")
    database.run("INSERT INTO replays (requested_by, inserted) VALUES ('somebody', 2)")
    assert books(tables.run("proof_count")[0]) == (2, 3, 2, 1)
    database.run("ALTER TABLE users DISABLE TRIGGER users_deleted; DELETE FROM users WHERE kafka_offset = 2")
    assert books(tables.run("proof_count")[0]) == (1, 3, 2, 1)


def test_count_once_a_minute(tables: Tables, database: Database):
    assert count(tables)["counted_at"] == count(tables)["counted_at"]
    before = count(tables)
    assert count_later(tables, database)["counted_at"] > before["counted_at"]


def test_count_goes_on(tables: Tables, database: Database):
    """The second count settles what the first one saw; what is settled is not looked at again."""
    consume(database, range(10))
    count(tables)
    consume(database, range(10, 15))
    second = count_later(tables, database)
    assert books(second) == (15, 15, 0, 0)
    assert settled(database) == (10, 10)
    third = count_later(tables, database)
    assert settled(database) == (15, 15)
    consume(database, range(15, 17))
    database.run("SET session_replication_role = replica; DELETE FROM users WHERE id <= 10", role="postgres")
    assert books(count_new(tables)) == (17, 17, 0, 0), "old rows are not read"
    assert third["all_read_at"] < second["counted_at"]


def test_count_by_index(tables: Tables, database: Database):
    consume(database, range(10))
    count(tables)
    values = {"settled_id": 5, "settled_rows": 5, "last_id": 7, "horizon": "1", "erased": 0}
    query = statement("proof_count_new").replace("WITH old", "EXPLAIN WITH old")
    text = str(database.run(query, {**values, "all_read_at": datetime.now(UTC)}))
    assert "Index Scan on users_pkey" in text or "Index Scan using users_pkey" in text
    assert "Index Cond: (id > 5)" in text
    assert "Seq Scan on users " not in text


def test_count_with_lower_ids_under_way(tables: Tables, database: Database):
    """Ids drawn before a count and committed after it: no false alarm, and no row is missed."""
    consume(database, range(3))
    count(tables)
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM stream_offsets FOR UPDATE")
        cursor.execute(PEOPLE, {"offsets": [10, 11]})
        # Another partition's rows are later and are there first.
        database.run(PEOPLE, {"offsets": [20]})
        database.run("INSERT INTO replays (requested_by, inserted) VALUES ('a partition', 1)")
        for _ in range(3):
            row = count_later(tables, database)
            assert books(row) == (4, 3, 1, 0)
            assert settled(database)[0] <= 3
        cursor.execute(ADVANCE, {"records": 2, "skipped": 0})
        connection.commit()
    rows = [count_later(tables, database) for _ in range(3)]
    assert [books(row) for row in rows] == [(6, 5, 1, 0)] * 3
    assert settled(database) == (6, 6)
    row = rows[-1]
    assert row["all_read_at"] < row["counted_at"] - timedelta(minutes=5), "no count of all rows was needed"


def test_count_with_a_writer_that_never_ends(tables: Tables, database: Database):
    """Its horizon stays where it is, so that others that come and go can't put it off for ever."""
    count(tables)
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM stream_offsets FOR UPDATE")
        horizons = set()
        for _ in range(3):
            count_later(tables, database)
            horizons.add(tables.run("proof_count_base")[0]["horizon"])
        assert len(horizons) <= 2


def test_count_after_an_erasure(tables: Tables, database: Database):
    """All rows are read: those that were erased may have been settled."""
    consume(database, range(10))
    for _ in range(3):
        count_later(tables, database)
    database.run("DELETE FROM users WHERE id = 1")
    erased = count_later(tables, database)
    assert books(erased) == (9, 10, 0, 1)
    assert erased["all_read_at"] == erased["counted_at"]
    assert books(count_later(tables, database)) == (9, 10, 0, 1)


def test_erasure_during_a_count(tables: Tables, database: Database):
    """A count of new rows counts nothing where the rows before were erased since it was asked for."""
    consume(database, range(3))
    count(tables)
    base = tables.run("proof_count_base")[0]
    database.run("DELETE FROM users WHERE id = 1")
    kept = ("settled_id", "settled_rows", "last_id", "horizon", "erased", "all_read_at")
    assert not tables.run("proof_count_new", **{name: base[name] for name in kept})


def test_truncated_and_ids_set_back(tables: Tables, database: Database):
    consume(database, range(10))
    for _ in range(3):
        count_later(tables, database)
    database.run("TRUNCATE users RESTART IDENTITY")
    consume(database, range(10, 12))
    for _ in range(3):
        assert books(count_later(tables, database)) == (2, 12, 0, 10)


def test_all_rows_once_a_day(tables: Tables, database: Database):
    """What vanished without a trace is noticed then."""
    consume(database, range(10))
    for _ in range(3):
        count_later(tables, database)
    database.run("SET session_replication_role = replica; DELETE FROM users WHERE id = 1", role="postgres")
    assert counting.agrees(count_later(tables, database))
    database.run("UPDATE users_counted SET all_read_at = all_read_at - INTERVAL '1 day'")
    assert books(count_later(tables, database)) == (9, 10, 0, 0)


def test_disagreement_reads_all_rows(tables: Tables, database: Database):
    """A count of new rows alone alarms nobody."""
    consume(database, range(10))
    for _ in range(3):
        count_later(tables, database)
    database.run("UPDATE users_counted SET settled_rows = settled_rows - 1")
    row = count_later(tables, database)
    assert counting.agrees(row)
    assert row["all_read_at"] == row["counted_at"]


def test_restored_into_another_cluster(tables: Tables, database: Database):
    """The numbers of its transactions are lower: nothing of the count is used."""
    consume(database, range(10))
    for _ in range(3):
        count_later(tables, database)
    database.run("UPDATE users_counted SET horizon = '1000000000000'")
    assert not tables.run("proof_count_base")
    row = count_later(tables, database)
    assert (row["all_read_at"], settled(database)) == (row["counted_at"], (0, 0))


def test_counts_of_an_earlier_version(tables: Tables, database: Database):
    """They have nothing to go on from."""
    database.run("INSERT INTO users_counted (counted_at, seconds, from_kafka) VALUES (now() - interval '1 hour', 1, 0)")
    assert not tables.run("proof_count_base")
    assert books(count(tables)) == (0, 0, 0, 0)


def test_too_large_from_the_start(tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch):
    slow_down(monkeypatch)
    assert count(tables)["from_kafka"] is None
    assert count_later(tables, database)["from_kafka"] is None
    assert database.value("SELECT count(*) FROM users_counted") == 1, "tried again after a hundred times as long"


def test_too_large_since_yesterday(tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch):
    """New rows are still compared."""
    consume(database, range(10))
    for _ in range(2):
        count_later(tables, database)
    database.run("UPDATE users_counted SET all_read_at = all_read_at - INTERVAL '1 day'")
    slow_down(monkeypatch)
    consume(database, range(10, 12))
    for _ in range(3):
        row = count_later(tables, database)
        assert books(row) == (12, 12, 0, 0)
        assert row["counted_at"] - row["all_read_at"] > timedelta(days=1)
    assert database.value("SELECT count(*) FROM users_counted WHERE from_kafka IS NULL") == 1


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL end each count of all rows."""
    real = counting._unless_too_slow

    def unless_too_slow(session: Session, name: str, values: dict[str, object]) -> Row | None:
        return None if name == "proof_count" else real(session, name, values)

    monkeypatch.setattr(counting, "_unless_too_slow", unless_too_slow)


def test_statement_timeout(tables: Tables, database: Database):
    """It is told from other errors by its code, in whatever language PostgreSQL answers."""
    hasty = Tables(SecretStr(database.url()), statement_seconds=1)
    with closing(database.connect()) as connection, connection.cursor() as cursor, hasty.session() as session:
        cursor.execute("LOCK TABLE users")
        assert counting._unless_too_slow(session, "proof_count", {}) is None
    with tables.session() as session, pytest.raises(DatabaseError, match="invalid input syntax"):
        counting._unless_too_slow(session, "proof_count_missed", {"seconds": "a moment"})
