"""Rejected records that are valid now move into users, once, by the rules of the stream's sink."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest

from spark.database import connect
from spark.replay_rejected import Record, ReplayError, begin, replay
from tests.postgresql.copy_line import copy_line
from tests.postgresql.server import Database

_REJECT = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", kafka_timestamp, payload, reason, detail)
VALUES ('t', 'A', %(partition)s, %(offset)s, '2026-05-04T12:00Z', %(payload)s, 'too_long', 'by another parser')
"""
_ASK = "INSERT INTO replays (requested_by, {}) VALUES ('a test', {}) RETURNING id"
_PEOPLE = "SELECT uuid::text, email, kafka_partition, kafka_offset FROM users ORDER BY kafka_partition, kafka_offset"
_RECORDS = """
SELECT partition, "offset", reason, replayed_as, replay FROM rejected_records ORDER BY partition, "offset"
"""
_TOTALS = "SELECT found, inserted, duplicates, still_rejected, outcome FROM replays WHERE id = %(id)s"


def uuid(number: int) -> str:
    return str(UUID(int=number))


def line(record: Record) -> bytes:
    """Stand for the parser: a payload is `uuid e-mail`, or `bad` which stays rejected."""
    payload = bytes(record.payload).decode()
    timestamp = "2026-05-04 12:00:00+00"
    if payload == "bad":
        return copy_line(record.offset, {}, timestamp=timestamp, reason="not_json", detail="the value is not JSON")
    uuid, email, *age = payload.split()
    fields = {"uuid": uuid, "email": email, "age": age[0] if age else "30"}
    return copy_line(record.offset, fields, timestamp=timestamp)


@pytest.fixture
def rejected(database: Database) -> Database:
    """Six people that nothing is wrong with, one that a constraint refuses, and one that is none."""
    payloads = {
        (0, 1): f"{uuid(1)} a@x.org",
        (0, 2): "bad",
        (0, 3): f"{uuid(2)} b@x.org",
        (0, 9): f"{uuid(1)} a@x.org",  # a duplicate
        (0, 10): f"{uuid(1)} other@x.org",  # a conflict
        (1, 1): f"{uuid(3)} c@x.org 99999999999",  # refused by the table
        (1, 2): f"{uuid(4)} d@x.org",
        (1, 3): f"{uuid(2)} b@x.org",  # a duplicate of another partition's
    }
    for (partition, offset), payload in payloads.items():
        database.run(_REJECT, {"partition": partition, "offset": offset, "payload": payload.encode()})
    return database


def ask(database: Database, **wanted: object) -> int:
    names = ", ".join(wanted or ["reason"])
    values = ", ".join(f"%({name})s" for name in wanted) or "NULL"
    return database.value(_ASK.format(names, values), wanted)


def carry_out(database: Database, replay_id: int, at_a_time: int = 1000) -> Mapping[str, Any]:
    """Replay as the role that does it on the cluster, and give the totals."""
    url = database.url("users_stream")
    with closing(connect(url, "a test")) as session:
        session.autocommit = True
        begin(session, replay_id)
        replay(url, replay_id, lambda records: [line(record) for record in records], at_a_time)
    return database.run(_TOTALS, {"id": replay_id})[0]


PEOPLE = [
    (uuid(1), "a@x.org", 0, 1),
    (uuid(2), "b@x.org", 0, 3),
    (uuid(4), "d@x.org", 1, 2),
]


def people(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(_PEOPLE)]


def marks(database: Database) -> dict[tuple[int, int], tuple[str, str | None]]:
    return {(row["partition"], row["offset"]): (row["reason"], row["replayed_as"]) for row in database.run(_RECORDS)}


@pytest.mark.parametrize("at_a_time", [1, 3, 1000])
def test_what_is_valid_moves_and_the_rest_gets_todays_reason(rejected: Database, at_a_time: int):
    totals = carry_out(rejected, ask(rejected), at_a_time)
    assert tuple(totals.values()) == (8, 3, 2, 3, "done")
    assert people(rejected) == PEOPLE
    assert marks(rejected) == {
        (0, 1): ("too_long", "inserted"),
        (0, 2): ("not_json", None),
        (0, 3): ("too_long", "inserted"),
        (0, 9): ("too_long", "duplicate"),
        (0, 10): ("uuid_conflict", None),
        (1, 1): ("refused_by_database", None),
        (1, 2): ("too_long", "inserted"),
        (1, 3): ("too_long", "duplicate"),
    }


def test_twice_changes_nothing(rejected: Database):
    carry_out(rejected, ask(rejected))
    before = people(rejected), marks(rejected)
    totals = carry_out(rejected, ask(rejected))
    assert tuple(totals.values()) == (3, 0, 0, 3, "done")
    assert (people(rejected), marks(rejected)) == before


@pytest.mark.parametrize("reached", range(8))
def test_killed_half_way_and_asked_again_it_ends_right(rejected: Database, reached: int):
    url = rejected.url("users_stream")
    seen: list[Record] = []

    def dies(records: list[Record]) -> list[bytes]:
        seen.extend(records)
        if len(seen) > reached:
            raise KeyboardInterrupt
        return [line(record) for record in records]

    with pytest.raises(KeyboardInterrupt):
        replay(url, ask(rejected), dies, at_a_time=1)
    carry_out(rejected, ask(rejected))
    assert people(rejected) == PEOPLE
    totals = rejected.run("SELECT sum(inserted) AS inserted, sum(duplicates) AS duplicates FROM replays")[0]
    assert tuple(totals.values()) == (3, 2)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"reason": "too_long"}, 8),
        ({"reason": "not_json"}, 0),
        ({"partition": 1}, 3),
        ({"partition": 0, "from_offset": 2, "to_offset": 9}, 3),
        ({"rejected_from": "2000-01-01"}, 8),
        ({"rejected_to": "2000-01-01"}, 0),
    ],
)
def test_only_what_was_asked_for_is_looked_at(rejected: Database, wanted: dict[str, object], found: int):
    totals = carry_out(rejected, ask(rejected, **wanted))
    assert totals["found"] == found
    assert totals["inserted"] + totals["duplicates"] + totals["still_rejected"] == found


def test_a_replay_that_was_given_up_moves_nothing_more(rejected: Database):
    replay_id = ask(rejected)

    def is_given_up(records: list[Record]) -> list[bytes]:
        rejected.run("UPDATE replays SET outcome = 'failed' WHERE id = %(id)s", {"id": replay_id})
        return [line(record) for record in records]

    with pytest.raises(ReplayError, match="was given up"):
        replay(rejected.url("users_stream"), replay_id, is_given_up)
    assert not people(rejected)


def test_one_replay_at_a_time(rejected: Database):
    with closing(connect(rejected.url("users_stream"), "another")) as other:
        other.autocommit = True
        begin(other, ask(rejected))
        with pytest.raises(ReplayError, match="Another replay is at work"):
            carry_out(rejected, ask(rejected))


def test_a_large_record_is_read_alone(rejected: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("spark.replay_rejected.BYTES_AT_A_TIME", 1)
    assert carry_out(rejected, ask(rejected))["inserted"] == 3
