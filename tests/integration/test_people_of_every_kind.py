"""Embedded people of every nationality, and people in the shape of every version of the API: a row, or a reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from stack.embedded_api.answers import document, written
from stack.embedded_api.nationalities import NATIONALITIES
from stack.embedded_api.query import read
from tests.integration.stack import Stack
from tests.support import reading
from tests.waiting import until

_OF_EACH = 100
Person = dict[str, Any]


def embedded(**parameters: str) -> list[Person]:
    """Give people as the embedded API sends them."""
    answer: Any = document(read(parameters), datetime.now(UTC))
    return answer["results"]


def send(stack: Stack, people: list[Person]) -> dict[str, bytes]:
    """Send people as the tick does, and give them by uuid."""
    raw = {person["login"]["uuid"]: written(person, indented=False) for person in people}
    assert len(raw) == len(people)
    stack.produce((uuid.encode(), value) for uuid, value in raw.items())
    return raw


def arrived(stack: Stack, uuids: list[str]) -> dict[str, dict[str, Any]]:
    """Wait until each uuid is a row, and give the columns that come from the person."""

    def all_of_them() -> list[dict[str, Any]] | None:
        rows = stack.query("SELECT * FROM users WHERE uuid = ANY(%(uuids)s::uuid[])", uuids=uuids)
        return rows if len(rows) >= len(uuids) else None

    rows = until(all_of_them, f"{len(uuids)} people in users")
    assert len(rows) == len(uuids)
    return {str(row["uuid"]): {column: row[column] for column in reading.COLUMNS} for row in rows}


def test_a_hundred_embedded_people_of_each_nationality_arrive_field_by_field(stack: Stack) -> None:
    people = [
        person for code in NATIONALITIES for person in embedded(results=str(_OF_EACH), nat=code, seed=f"all of {code}")
    ]
    assert len(people) == len(NATIONALITIES) * _OF_EACH == 2100
    raw = send(stack, people)
    rows = arrived(stack, list(raw))
    assert {uuid: reading.row(value) for uuid, value in raw.items()} == rows
    # What the API has in all its oddity was among them, or this proves little.
    assert {type(person["location"]["postcode"]) for person in people} == {int, str}
    assert any(person["name"]["first"] != person["name"]["first"].strip() for person in people)
    assert any(person["location"]["street"]["name"].startswith(" ") for person in people)
    assert any(not person["email"].isascii() for person in people)


def test_lego_people_arrive_without_a_country(stack: Stack) -> None:
    raw = send(stack, embedded(results=str(_OF_EACH), lego="", seed="all of LEGO"))
    rows = arrived(stack, list(raw))
    assert {uuid: reading.row(value) for uuid, value in raw.items()} == rows
    assert {row["country"] for row in rows.values()} == {None}


def version_1_2(person: Person) -> None:
    """Dates without milliseconds."""
    person["dob"]["date"] = f"{person['dob']['date'][:19]}Z"


def version_1_0(person: Person) -> None:
    """The date is epoch seconds, and stands where 1.4 has an object; there is no age, and no country."""
    person["dob"] = int(datetime.fromisoformat(person["dob"]["date"]).timestamp())
    person["registered"] = int(datetime.fromisoformat(person["registered"]["date"]).timestamp())
    del person["location"]["country"]


def epoch_seconds(person: Person) -> None:
    """The date is epoch seconds within the object."""
    person["dob"]["date"] = int(datetime.fromisoformat(person["dob"]["date"]).timestamp())


def version_1_3(person: Person) -> None:
    """As 1.4."""


@pytest.mark.parametrize(
    "shape", [version_1_0, epoch_seconds, version_1_2, version_1_3], ids=lambda shape: shape.__name__
)
def test_people_with_the_dates_of_other_versions_arrive_field_by_field(
    stack: Stack, shape: Callable[[Person], None]
) -> None:
    people = embedded(results="21", seed=shape.__name__)
    for person in people:
        shape(person)
    raw = send(stack, people)
    assert {uuid: reading.row(value) for uuid, value in raw.items()} == arrived(stack, list(raw))


class Rejected(NamedTuple):
    """What is done to a person, and how it is then rejected."""

    change: Callable[[Person], None]
    reason: str
    detail: str


def by_hand(person: Person) -> None:
    """A date that somebody edited."""
    person["dob"]["date"] = "1954-11-22T"


def street_in_one_text(person: Person) -> None:
    """As versions 1.0 to 1.2 have it: number and name in one text."""
    street = person["location"]["street"]
    person["location"]["street"] = f"{street['number']} {street['name']}"


def without_uuid(person: Person) -> None:
    """As early versions have it, in which nobody can be told from another."""
    del person["login"]["uuid"]


REJECTED = [
    Rejected(by_hand, "invalid_date", "dob.date is no date and time that exists"),
    Rejected(street_in_one_text, "missing_field", "location.street.number is missing"),
    Rejected(without_uuid, "missing_field", "login.uuid is missing"),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.change.__name__)
def test_people_that_no_row_can_be_made_of_are_rejected_with_the_right_reason(stack: Stack, case: Rejected) -> None:
    [person] = embedded(results="1", seed=case.change.__name__)
    key = person["login"]["uuid"].encode()
    case.change(person)
    payload = json.dumps(person, ensure_ascii=False).encode()
    stack.produce([(key, payload)])
    found = until(
        lambda: stack.query("SELECT payload, reason, detail FROM rejected_records WHERE key = %(key)s", key=key),
        f"the record of {case.change.__name__} in rejected_records",
    )
    assert [(bytes(row["payload"]), row["reason"], row["detail"]) for row in found] == [
        (payload, case.reason, case.detail)
    ]
