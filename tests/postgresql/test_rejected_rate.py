"""The statements of the check rejected_rate and of the observer, on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from pipeline_defs.database import Database as Tables
from tests.postgresql.server import Database

_REJECTED = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", payload, reason, detail)
VALUES ('t', 'A', 0, 3, 'x', 'not_json', 'd'), ('t', 'A', 0, 4, NULL, 'tombstone', 'd')
"""
_BATCH = """
INSERT INTO stream_progress (application_id, batch_id, started_at, heartbeat_at, input_rows, batch_ms, durations_ms)
VALUES ('app', %(batch)s, %(at)s, now(), 50, 0, '{}')
"""


@pytest.fixture
def tables(database: Database) -> Tables:
    """Two rejected records."""
    database.run(_REJECTED)
    return Tables(SecretStr(database.url()))


def test_rejected_lately(tables: Tables, database: Database):
    now = datetime.now(UTC)
    for number, at in enumerate((now, now - timedelta(minutes=30), now - timedelta(hours=2))):
        database.run(_BATCH, {"batch": number, "at": at})
    since = now - timedelta(hours=1)
    recent = tables.run("rejected_recently", since=since)[0]
    assert (recent["consumed"], recent["reasons"]) == (100, {"not_json": 1, "tombstone": 1})
    assert {row["offset"] for row in tables.run("rejected_samples", since=since)} == {3, 4}
    assert tables.run("rejected_recently", since=now + timedelta(hours=1))[0] == {"consumed": 0, "reasons": {}}


@pytest.mark.parametrize(("low", "high", "expected"), [(0, 5, 2), (4, 5, 1), (0, 4, 1), (5, 9, 0)])
def test_rejected_between_two_readings(tables: Tables, low: int, high: int, expected: int):
    values = {"topic_ids": ["A", "B"], "partitions": [0, 0], "from_offsets": [low, 0], "to_offsets": [high, 9]}
    assert sum(row["records"] for row in tables.run("rejected_between", **values)) == expected
