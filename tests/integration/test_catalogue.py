"""The catalogue of bad input through the real Kafka, Spark and PostgreSQL, in one go: each record in its one place."""

import base64
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.integration import kafka
from tests.integration.kafka import Headers
from tests.integration.stack import TOPIC, Stack
from tests.support.records import CASES, GOOD, PERSON, Case
from tests.waiting import until

_OWN = PERSON["login"]["uuid"].encode()
_EMAIL = PERSON["email"].encode()
_COPIES = 1000
DUPLICATE = "a duplicate"

# Headers and keys that no producer of ours would send. None of them changes what a value is.
_ODD_KEYS: dict[str, bytes | None] = {"no key": None, "an empty key": b"", "a foreign key": b"\x00\xff order-17"}
_ODD_HEADERS: dict[str, Headers] = {
    "alien headers": [("trace", b"\xff\x00\xfe"), ("slot", b"not a date"), ("", b"no name")],
    "a header twice": [("slot", b"1"), ("slot", b"2")],
    "a header without a value": [("slot", None)],
}


@dataclass(frozen=True)
class Given:
    """A record of the catalogue, and what must become of it."""

    name: str
    value: bytes | None
    key: bytes | None
    headers: Headers
    reason: str | None  # None for a row
    detail: str = ""
    row: dict[str, str | None] | None = None


def of_its_own(value: bytes | None) -> tuple[bytes | None, bytes]:
    """Give a case's value with a uuid that no other case has, and the uuid."""
    own = str(uuid4()).encode()
    return (None if value is None else value.replace(_OWN, own)), own


def catalogue() -> list[Given]:
    given = [from_case(name, case) for name, case in CASES.items()]
    for name, key in _ODD_KEYS.items():
        given.append(Given(name, of_its_own(GOOD)[0], key, [], None))
        given.append(Given(f"no JSON, {name}", b"hello", key, [], "not_json"))
    for name, headers in _ODD_HEADERS.items():
        value, own = of_its_own(GOOD)
        given.append(Given(name, value, own, headers, None))
        given.append(Given(f"no JSON, {name}", b"hello", own, headers, "not_json"))
    return [*given, *seen_before(), *many_times()]


def from_case(name: str, case: Case) -> Given:
    value, own = of_its_own(case.value)
    return Given(name, value, own, [], case.reason, case.detail, case.row)


def seen_before() -> list[Given]:
    value, own = of_its_own(GOOD)
    assert value
    other_email, other_name = value.replace(_EMAIL, b"eve@example.com"), value.replace(b"Ada", b"Eva")
    return [
        Given("a uuid for the first time", value, own, [], None, row={"name_first": "Ada"}),
        Given("the uuid again, same e-mail", value, own, [], DUPLICATE),
        Given("the uuid again, same e-mail, another name", other_name, own, [], DUPLICATE),
        Given("the uuid again, another e-mail", other_email, own, [], "uuid_conflict", own.decode()),
    ]


def many_times() -> list[Given]:
    value, own = of_its_own(GOOD)
    first = Given("one of a thousand", value, own, [], None)
    return [first, *[Given(f"copy {number}", value, own, [], DUPLICATE) for number in range(1, _COPIES)]]


@dataclass(frozen=True)
class Outcome:
    """What stands in the tables, by partition and offset, and how far the ledger moved."""

    given: dict[tuple[int, int], Given]
    rows: dict[tuple[int, int], dict[str, Any]]
    rejected: dict[tuple[int, int], dict[str, Any]]
    moved: Counter[str]


@pytest.fixture(scope="module")
def outcome(stack: Stack) -> Outcome:
    given = catalogue()
    last_id, before = stack.one("SELECT coalesce(max(id), 0) FROM users"), totals(stack)
    places = kafka.produce(
        stack.bootstrap_servers, TOPIC, ((one.key, one.value) for one in given), [one.headers for one in given]
    )
    ends = {partition: 1 + max(offset for there, offset in places if there == partition) for partition, _ in places}
    until(
        lambda: all(stack.next_offsets().get(partition, 0) >= end for partition, end in ends.items()),
        "the ledger passes",
    )
    ours = set(places)
    after = totals(stack)
    rows = by_place(
        stack.query(f"SELECT {_ROW} FROM users WHERE id > %(last_id)s", last_id=last_id)  # noqa: S608 - constants
    )
    rejected = by_place(stack.query(_REJECTED, topic_id=stack.topic_id()))
    return Outcome(
        given=dict(zip(places, given, strict=True)),
        rows={place: row for place, row in rows.items() if place in ours},
        rejected={place: row for place, row in rejected.items() if place in ours},
        # The schedule's ticks go on meanwhile: theirs are the rows that are not ours.
        moved=after - before - Counter(inserted=len(rows.keys() - ours)),
    )


_ROW = """
    kafka_partition AS partition, kafka_offset AS "offset", gender, name_title, name_first, name_last,
    street_number::TEXT, street_name, city, state, country, postcode, email, uuid::TEXT, dob_date::TEXT, age::TEXT,
    phone, cell, picture_large, email_domain
"""
_REJECTED = """
SELECT partition, "offset", payload, key, headers, reason, detail FROM rejected_records WHERE topic_id = %(topic_id)s
"""


def by_place(rows: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    return {(row["partition"], row["offset"]): row for row in rows}


def totals(stack: Stack) -> Counter[str]:
    [row] = stack.query(
        "SELECT sum(inserted) AS inserted, sum(duplicates) AS duplicates, sum(rejected) AS rejected, "
        "sum(skipped) AS skipped FROM stream_offsets"
    )
    return Counter({name: int(total or 0) for name, total in row.items()})


def test_every_record_is_in_its_one_place(outcome: Outcome) -> None:
    for place, given in outcome.given.items():
        found = ("row" if place in outcome.rows else "", "rejected" if place in outcome.rejected else "")
        expected = {None: ("row", ""), DUPLICATE: ("", "")}.get(given.reason, ("", "rejected"))
        assert found == expected, given.name


def test_rows_hold_what_was_sent(outcome: Outcome) -> None:
    for place, row in outcome.rows.items():
        expected = outcome.given[place].row or {}
        assert {column: row[column] for column in expected} == expected, outcome.given[place].name


def test_rejected_records_are_kept_byte_for_byte_with_the_reason(outcome: Outcome) -> None:
    for place, row in outcome.rejected.items():
        given = outcome.given[place]
        assert row["reason"] == given.reason, given.name
        assert given.detail in row["detail"], given.name
        assert as_bytes(row["payload"]) == given.value, given.name
        assert as_bytes(row["key"]) == given.key, given.name
        assert headers(row["headers"]) == given.headers


def test_the_ledger_moved_by_exactly_these(outcome: Outcome) -> None:
    expected = Counter(
        {None: "inserted", DUPLICATE: "duplicates"}.get(given.reason, "rejected") for given in outcome.given.values()
    )
    assert outcome.moved == expected


def as_bytes(column: memoryview | None) -> bytes | None:
    return None if column is None else bytes(column)


def headers(column: Any) -> Headers:  # noqa: ANN401 - JSON
    read = json.loads(column) if isinstance(column, str) else column
    return [
        (one["key"], base64.b64decode(one["value"]) if one.get("value") is not None else None) for one in read or []
    ]
