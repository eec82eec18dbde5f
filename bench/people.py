"""Records of people, about 1.1 KB each: the same for the same number, every person with a uuid of their own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from uuid import UUID

from stack.embedded_api.answers import document
from stack.embedded_api.query import read

# So many different people, each over and over with another uuid. A producer's batch holds about 900, so that no codec
# ever sees one of them twice.
_POOL = 5000
_UUID = "00000000-0000-4000-8000-000000000000"
_AGES_AT = datetime(2025, 1, 1, tzinfo=UTC)
_EVERYTHING = 10**6


@dataclass(frozen=True)
class Mixture:
    """What stands in a topic beside good people: shares of poison and of records that came before."""

    poison: float = 0.0
    duplicates: float = 0.0


def records(count: int, mixture: Mixture, first: int = 0) -> Iterator[tuple[str, bytes, bool]]:
    """Yield uuid and value of so many records, and whether each becomes a row of its own.

    Args:
        count: how many.
        mixture: what is among them.
        first: number of the first one. The same number is the same person.
    """
    pool = _pool()
    poison, duplicates = mixture.poison * _EVERYTHING, mixture.duplicates * _EVERYTHING
    # To be repeated, not to be secret.
    chance = Random(first)  # noqa: S311
    good: list[int] = []
    for number in range(first, first + count):
        draw = chance.randrange(_EVERYTHING)
        uuid = person_uuid(number)
        if draw < poison:
            yield uuid, _SPOILT[number % len(_SPOILT)](_person(pool, number, uuid)), False
        elif draw < poison + duplicates and good:
            before = chance.choice(good)
            uuid = person_uuid(before)
            yield uuid, _person(pool, before, uuid), False
        else:
            good.append(number)
            yield uuid, _person(pool, number, uuid), True


def person_uuid(number: int) -> str:
    """Return the uuid of the person with this number: spread over the index, as the API's are."""
    return str(UUID(int=Random(number).getrandbits(128), version=4))  # noqa: S311


def _person(pool: tuple[bytes, ...], number: int, uuid: str) -> bytes:
    return pool[number % len(pool)].replace(_UUID.encode(), uuid.encode(), 1)


@cache
def _pool() -> tuple[bytes, ...]:
    answer = document(read({"seed": "bench", "results": str(_POOL), "noinfo": ""}), _AGES_AT)
    people = answer["results"]
    if not isinstance(people, list):
        raise TypeError(people)
    for person in people:
        person["login"]["uuid"] = _UUID
    return tuple(json.dumps(person, ensure_ascii=False, separators=(",", ":")).encode() for person in people)


def _without_email(good: bytes) -> bytes:
    person = json.loads(good)
    del person["email"]
    return json.dumps(person, ensure_ascii=False).encode()


def _with_long_name(good: bytes) -> bytes:
    person = json.loads(good)
    person["name"]["first"] = "x" * 51
    return json.dumps(person, ensure_ascii=False).encode()


_SPOILT = (
    lambda good: good[:-40],
    lambda _: b'{"error": "Uh oh, something has gone wrong. Please tweet us @randomapi about the issue. Thank you."}',
    lambda _: b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    lambda good: good.replace(b'"email":"', b'"email":"\xff', 1),
    _without_email,
    _with_long_name,
)
