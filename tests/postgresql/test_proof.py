"""The statements of nothing_lost and rejected_rate, on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from pipeline_defs.database import Database as Tables
from tests.postgresql.server import Database

_LEDGER = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, inserted, rejected)
VALUES ('t', 'A', 0, 0, 5, 3, 2)
"""
_PEOPLE = """
INSERT INTO users (uuid, email, kafka_partition, kafka_offset)
SELECT lpad(n::text, 32, '0')::uuid, 'a@x.org', 0, n FROM generate_series(0, 2) AS n
"""
_REJECTED = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", payload, reason, detail)
VALUES ('t', 'A', 0, 3, 'x', 'not_json', 'd'), ('t', 'A', 0, 4, NULL, 'tombstone', 'd')
"""


@pytest.fixture
def tables(database: Database) -> Tables:
    """Three rows, two rejected records, and a ledger that says so."""
    for statement in (_LEDGER, _PEOPLE, _REJECTED):
        database.run(statement)
    return Tables(SecretStr(database.url()))


def books(tables: Tables) -> tuple[int, ...]:
    row = tables.run("proof_count")[0]
    return tuple(row[name] for name in ("from_kafka", "inserted", "replayed", "erased"))


def test_rows_and_books_are_of_one_moment(tables: Tables, database: Database):
    assert books(tables) == (3, 3, 0, 0)
    database.run("DELETE FROM users WHERE kafka_offset = 1")
    database.run("INSERT INTO replays (requested_by, inserted) VALUES ('somebody', 2)")
    assert books(tables) == (2, 3, 2, 1)
    database.run("ALTER TABLE users DISABLE TRIGGER users_deleted; DELETE FROM users WHERE kafka_offset = 2")
    assert books(tables) == (1, 3, 2, 1)


def test_a_count_is_made_once_a_minute_and_less_often_where_it_is_slow(tables: Tables, database: Database):
    assert not tables.run("proof_last_count")
    tables.run("proof_count")
    assert tables.run("proof_last_count")
    database.run("UPDATE users_counted SET counted_at = now() - interval '61 seconds'")
    assert not tables.run("proof_last_count")
    database.run("UPDATE users_counted SET seconds = 1")
    assert tables.run("proof_last_count")
    assert tables.run("proof_count_missed", seconds=10)[0]["from_kafka"] is None


def test_what_was_deleted_unread_shows_until_it_is_acknowledged(tables: Tables, database: Database):
    skip = "INSERT INTO skipped_offsets VALUES ('A', 0, {}, {}, '{}', clock_timestamp())"
    database.run(skip.format(10, 19, "deleted_before_read"))
    database.run(skip.format(20, 21, "no_record"))
    assert [row["from_offset"] for row in tables.run("proof_deleted")] == [10]
    tables.run("acknowledge", acknowledged_by="somebody", note="off for a week")
    assert not tables.run("proof_deleted")
    assert tables.run("proof_known")[0]["acknowledged_at"]
    database.run(skip.format(30, 39, "deleted_before_read"))
    assert [row["from_offset"] for row in tables.run("proof_deleted")] == [30]


def test_records_are_looked_for_by_uuid_and_by_place(tables: Tables):
    uuids = ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000009"]
    assert [row["kafka_offset"] for row in tables.run("proof_people", uuids=uuids)] == [2]
    assert not tables.run("proof_people", uuids=[])
    found = tables.run("proof_rejected", topic_id="A", partitions=[0, 0, 1], offsets=[2, 3, 4])
    assert [(row["partition"], row["offset"], row["replayed_as"]) for row in found] == [(0, 3, None)]


def test_what_was_rejected_lately(tables: Tables, database: Database):
    batch = """
    INSERT INTO stream_progress (application_id, batch_id, started_at, heartbeat_at, input_rows, batch_ms, durations_ms)
    VALUES ('app', %(batch)s, %(at)s, now(), 50, 0, '{}')
    """
    now = datetime.now(UTC)
    for number, at in enumerate((now, now - timedelta(minutes=30), now - timedelta(hours=2))):
        database.run(batch, {"batch": number, "at": at})
    since = now - timedelta(hours=1)
    seen = tables.run("rejected_recently", since=since)[0]
    assert (seen["consumed"], seen["reasons"]) == (100, {"not_json": 1, "tombstone": 1})
    assert {row["offset"] for row in tables.run("rejected_samples", since=since)} == {3, 4}
    assert tables.run("rejected_recently", since=now + timedelta(hours=1))[0] == {"consumed": 0, "reasons": {}}


@pytest.mark.parametrize(("low", "high", "expected"), [(0, 5, 2), (4, 5, 1), (0, 4, 1), (5, 9, 0)])
def test_what_was_rejected_between_two_readings(tables: Tables, low: int, high: int, expected: int):
    values = {"topic_ids": ["A", "B"], "partitions": [0, 0], "from_offsets": [low, 0], "to_offsets": [high, 9]}
    assert sum(row["records"] for row in tables.run("rejected_between", **values)) == expected
