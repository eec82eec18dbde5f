"""What PostgreSQL refuses costs the records that are to blame, and no others."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from spark.database import Connection, connect
from spark.insertion import insert
from sql import statement
from tests.postgresql.copy_line import copy_line
from tests.postgresql.server import Database
from tests.waiting import until

_ALL = 100
_LEFT_OUT = 'SELECT "offset", detail FROM stream_left_out WHERE reason = %s ORDER BY "offset"'


def uuid(offset: int) -> str:
    return f"00000000-0000-0000-0000-{offset:012}"


def line(offset: int, **columns: str) -> bytes:
    """Give a person's line in COPY's format; uuid and e-mail are made of the offset."""
    return copy_line(offset, {"uuid": uuid(offset), "email": f"{offset}@x.org", "age": "30", **columns})


def left_out(database: Database, odd: dict[int, bytes], reason: str = "refused_by_database") -> dict[int, str]:
    """Insert a hundred people, some of them odd, and give the details of what was left out by offset."""
    with closing(connect(database.url("users_stream"), "a test")) as connection, connection:
        return write(connection, 0, [odd.get(offset, line(offset)) for offset in range(_ALL)], reason)


def write(connection: Connection, partition: int, lines: list[bytes], reason: str) -> dict[int, str]:
    """Insert lines, and give the details of what was left out for a reason. It is not committed."""
    with connection.cursor() as cursor:
        cursor.execute(statement("stream_batch_create"))
        cursor.copy_expert(statement("stream_batch_copy"), io.BytesIO(b"".join(lines)))
        insert(cursor, partition, 0, _ALL - 1)
        cursor.execute(_LEFT_OUT, (reason,))
        return dict(cursor.fetchall())


def offsets(database: Database) -> set[int]:
    return {row["kafka_offset"] for row in database.run("SELECT kafka_offset FROM users")}


@pytest.mark.parametrize("guilty", [set(), {0}, {_ALL - 1}, {3, 4, 50}, set(range(1, _ALL, 2)), set(range(_ALL))])
def test_guilty_records_are_found_and_the_rest_goes_in(database: Database, guilty: set[int]):
    found = left_out(database, {offset: line(offset, age="99999999999") for offset in guilty})
    assert found.keys() == guilty
    assert all("out of range" in detail and "22003" in detail for detail in found.values())
    assert offsets(database) == set(range(_ALL)) - guilty


def test_a_constraint_that_is_looked_at_late_finds_them_too(database: Database):
    database.run(
        "CREATE TABLE cities (name TEXT PRIMARY KEY); INSERT INTO cities VALUES ('Here');"
        "ALTER TABLE users ADD FOREIGN KEY (city) REFERENCES cities DEFERRABLE INITIALLY DEFERRED"
    )
    found = left_out(database, {7: line(7, city="Nowhere"), 8: line(8, city="Here")})
    assert found.keys() == {7}
    assert 8 in offsets(database)


def test_another_unique_column_rejects_who_comes_later(database: Database):
    database.run("ALTER TABLE users ADD UNIQUE (email)")
    found = left_out(database, {7: line(7, email="3@x.org"), 50: line(50, email="3@x.org")})
    assert found.keys() == {7, 50}
    assert "23505" in found[7]
    assert 3 in offsets(database)


def test_a_value_too_large_for_an_index_is_rejected(database: Database):
    database.run("CREATE INDEX ON users (picture_large)")
    hashes = database.value("SELECT string_agg(md5(n::TEXT), '') FROM generate_series(1, 1000) AS n")
    assert left_out(database, {7: line(7, picture_large=hashes)}).keys() == {7}
    assert offsets(database) == set(range(_ALL)) - {7}


@pytest.mark.parametrize("spoil", ["SELECT setval('users_id_seq', 2147483647)", "SELECT setval('users_id_seq', 1)"])
def test_a_fault_of_the_whole_table_rejects_nobody(database: Database, spoil: str):
    database.run("INSERT INTO users (id, uuid) VALUES (2, gen_random_uuid())")
    database.run(spoil)
    with pytest.raises((psycopg2.errors.SequenceGeneratorLimitExceeded, psycopg2.errors.UniqueViolation)):
        left_out(database, {})
    assert offsets(database) == {None}


def test_the_first_writer_wins_also_within_a_batch(database: Database):
    again = {50: line(50, uuid=uuid(3), email="3@x.org"), 60: line(60, uuid=uuid(3), email="other@x.org")}
    assert left_out(database, again, "uuid_conflict").keys() == {60}
    assert offsets(database) == set(range(_ALL)) - {50, 60}


_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the second' AND wait_event_type = 'Lock'"


@pytest.mark.parametrize(
    ("email", "first_commits", "rejected", "first_writer"),
    [
        ("other@x.org", True, {0}, "1@x.org"),
        ("1@x.org", True, set(), "1@x.org"),
        ("other@x.org", False, set(), "other@x.org"),
    ],
)
def test_of_two_partitions_with_one_uuid_the_first_to_commit_wins(
    database: Database, email: str, rejected: set[int], first_writer: str, *, first_commits: bool
):
    url = database.url("users_stream")
    second_lines = [line(0, uuid=uuid(1), email=email)]
    with closing(connect(url, "the first")) as first, closing(connect(url, "the second")) as second:
        write(first, 0, [line(1)], "uuid_conflict")
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write, second, 1, second_lines, "uuid_conflict")
            until(lambda: database.value(_WAITS, role="postgres"), "the second one waits for the first")
            if first_commits:
                first.commit()
            else:
                first.rollback()
            assert writing.result().keys() == rejected
        second.commit()
    assert [row["email"] for row in database.run("SELECT email FROM users")] == [first_writer]
