"""A driver's start brings the ledger to where Kafka goes on."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from spark import ledger
from spark.driver_state import Session
from spark.ledger import recent_refusals, settle
from spark.topic import Topic
from tests.postgresql.server import Database

_CREATED = "INSERT INTO created_topics (topic, topic_id) VALUES ('random-user', 'A')"
_LEDGER = (
    "SELECT topic_id, partition, first_offset, next_offset, skipped FROM stream_offsets ORDER BY topic_id, partition"
)
_SKIPPED = "SELECT partition, from_offset, to_offset, reason FROM skipped_offsets"
_AT_9 = """
INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, records, inserted)
VALUES ('random-user', 'A', 0, 0, 9, 9, 9)
"""
_REFUSED = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", reason, detail)
SELECT 'random-user', 'A', 0, n, 'refused_by_database', 'too old (' || n || ') (SQLSTATE 23514, age)'
FROM generate_series(1, %(count)s) AS n
"""


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with closing(Session(database.url("users_stream"))) as session:
        yield session


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.time, "sleep", lambda _: None)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(query)]


def test_records_deleted_before_the_first_look(database: Database, session: Session):
    """A backfill of a topic that provisioning created, older than its retention, is lost, and not in silence."""
    database.run(_CREATED)
    assert settle(session, lambda: Topic("random-user", "A", {0: 34}, {0: 40}), "earliest").start == {0: 34}
    assert rows(database, _LEDGER) == [("A", 0, 0, 34, 34)]
    assert rows(database, _SKIPPED) == [(0, 0, 33, "deleted_before_read")]


def test_topic_that_was_there_before(database: Database, session: Session, caplog: pytest.LogCaptureFixture):
    """What a topic of somebody else's has lost is none of the stream's; it is said once."""
    assert settle(session, lambda: Topic("random-user", "A", {0: 34}, {0: 40}), "earliest").start == {0: 34}
    assert rows(database, _LEDGER) == [("A", 0, 34, 34, 0)]
    assert "was there before" in caplog.text


def test_end_that_fell_back_for_a_moment(database: Database, session: Session):
    """A broker that leads no more may answer with an old end: Kafka is asked again."""
    database.run(_AT_9)
    ends = iter([5, 5, 12])
    plan = settle(session, lambda: Topic("random-user", "A", {0: 0}, {0: next(ends)}), "earliest")
    assert (plan.topic_id, plan.start) == ("A", {0: 9})


def test_end_that_stays_back(database: Database, session: Session, monkeypatch: pytest.MonkeyPatch):
    database.run(_AT_9)
    moments = iter(range(0, 1000, 10))
    monkeypatch.setattr(ledger.time, "monotonic", lambda: next(moments))
    plan = settle(session, lambda: Topic("random-user", "A", {0: 0}, {0: 5}), "earliest")
    assert (plan.topic_id, plan.start) == ("A~2", {0: 5})
    assert rows(database, _LEDGER) == [("A", 0, 0, 9, 0), ("A~2", 0, 5, 5, 0)]


def test_refusals_since_the_last_row(database: Database, session: Session):
    """A driver that starts again knows what stopped the one before."""
    database.run("INSERT INTO users (uuid) VALUES (gen_random_uuid())")
    database.run(_REFUSED, {"count": 3})
    assert recent_refusals(session, "users") == ["SQLSTATE 23514, age"] * 3
    database.run("INSERT INTO users (uuid) VALUES (gen_random_uuid())")
    assert recent_refusals(session, "users") == []
