"""Which records are sampled, and where each is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_defs.nothing_lost.evidence import RecordId, leave_out, locate, newest
from pipeline_defs.nothing_lost.reader import identify
from pipeline_defs.nothing_lost.reading import Person, Record, Stretch

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
UUID = "9a723211-0e87-41f1-b1e4-ed1a15226b80"
PERSON = Person(UUID, "a@x.org")
ROW = {"uuid": UUID, "email": "a@x.org", "kafka_partition": 0, "kafka_offset": 7}


@pytest.mark.parametrize(
    ("person", "row", "rejected", "erased_at", "expected"),
    [
        (PERSON, ROW, {}, None, "row"),
        (PERSON, ROW | {"kafka_offset": 3}, {}, None, "duplicate"),
        (PERSON, ROW | {"kafka_partition": None, "kafka_offset": None}, {}, None, "duplicate"),
        (PERSON, ROW | {"kafka_offset": 3, "email": "b@x.org"}, {}, None, "nowhere"),
        (PERSON, ROW | {"kafka_offset": 3, "email": "b@x.org"}, {(0, 7): None}, None, "rejected"),
        (PERSON, None, {}, None, "nowhere"),
        (PERSON, None, {(1, 7): None}, None, "nowhere"),
        (PERSON, None, {}, LATER, "erased"),
        (PERSON, None, {}, EARLIER, "nowhere"),
        (PERSON, ROW, {(0, 7): None}, None, "twice"),
        (PERSON, ROW, {(0, 7): "inserted"}, None, "rejected"),
        (None, None, {(0, 7): None}, None, "rejected"),
        (None, None, {}, None, "nowhere"),
    ],
)
def test_locate(
    person: Person | None,
    row: dict[str, Any] | None,
    rejected: dict[RecordId, str | None],
    erased_at: datetime | None,
    expected: str,
):
    people = {UUID: row} if row else {}
    assert locate(Record(0, 7, NOW, person), people, rejected, erased_at) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"login": {"uuid": " %s "}, "email": " a@x.org "}' % UUID.upper().encode(), PERSON),
        (b'{"login": {"uuid": "no"}, "email": "a@x.org"}', None),
        (b'{"login": {"uuid": "%s"}}' % UUID.encode(), None),
        (b'{"login": 1}', None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
        (None, None),
        (b"[" * 100_000, None),
    ],
)
def test_identify(value: bytes | None, expected: Person | None):
    assert identify(value) == expected


def test_newest():
    rows = [
        {"partition": 0, "first_offset": 0, "next_offset": 100},
        {"partition": 1, "first_offset": 95, "next_offset": 100},
        {"partition": 2, "first_offset": 9, "next_offset": 9},
    ]
    assert newest(rows) == [Stretch(0, 80, 100), Stretch(1, 95, 100)]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (set(), [(10, 20)]),
        ({(0, 10)}, [(11, 20)]),
        ({(0, 19)}, [(10, 19)]),
        ({(0, 12), (0, 13), (0, 15)}, [(10, 12), (14, 15), (16, 20)]),
        ({(1, 12), (0, 20), (0, 9)}, [(10, 20)]),
        ({(0, offset) for offset in range(10, 20)}, []),
    ],
)
def test_leave_out(records: set[RecordId], expected: list[tuple[int, int]]):
    assert leave_out([Stretch(0, 10, 20)], records) == [Stretch(0, *ends) for ends in expected]
