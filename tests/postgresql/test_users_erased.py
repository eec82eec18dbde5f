"""Whoever deletes people is on record, and so is how many of them came from Kafka."""

import psycopg2
import pytest

from tests.postgresql.server import Database

_FROM_KAFKA = "INSERT INTO users (uuid, kafka_partition, kafka_offset) SELECT gen_random_uuid(), 0, n FROM "
_ERASED = "SELECT erased_by, statement, row_count, from_kafka FROM users_erased ORDER BY id"


@pytest.fixture
def peopled(database: Database) -> Database:
    """Five rows from Kafka, and two from before."""
    database.run(f"{_FROM_KAFKA} generate_series(0, 4) AS n")
    database.run("INSERT INTO users (uuid) SELECT gen_random_uuid() FROM generate_series(1, 2)")
    return database


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM users WHERE kafka_offset < 2", [("DELETE", 2, 2)]),
        ("DELETE FROM users", [("DELETE", 7, 5)]),
        ("DELETE FROM users WHERE kafka_offset IS NULL", [("DELETE", 2, 0)]),
        ("DELETE FROM users WHERE kafka_offset = 99", []),
        ("TRUNCATE users", [("TRUNCATE", 7, 5)]),
    ],
)
def test_a_statement_that_erases_leaves_one_row(
    peopled: Database, statement: str, expected: list[tuple[str, int, int]]
):
    peopled.run(statement)
    assert [tuple(row.values()) for row in peopled.run(_ERASED)] == [("pipeline", *row) for row in expected]


def test_what_is_rolled_back_was_not_erased(peopled: Database):
    with pytest.raises(psycopg2.errors.DivisionByZero):
        peopled.run("DELETE FROM users; SELECT 1 / 0")
    assert not peopled.run(_ERASED)


def test_who_may_delete_people_need_not_have_rights_on_the_record(peopled: Database):
    peopled.run("GRANT SELECT, DELETE ON users TO users_stream")
    peopled.run("DELETE FROM users", role="users_stream")
    assert [row["erased_by"] for row in peopled.run(_ERASED)] == ["users_stream"]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        peopled.run("DELETE FROM users_erased", role="users_stream")
