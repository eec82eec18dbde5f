"""A load of people with poison among them: the same for the same seed, each record known again by its payload."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from tests.integration import kafka
from tests.support.records import PERSON

POISON_SHARE = 0.01


@dataclass(frozen=True)
class Sent:
    """A record of the load; `reason` is why it must be rejected, None for a person."""

    value: bytes
    uuid: str
    reason: str | None


@dataclass(frozen=True, order=True)
class Place:
    """The coordinates that Kafka gave to a record."""

    topic_id: str
    partition: int
    offset: int


@dataclass
class Load:
    """Records, and where in Kafka each of them came to stand."""

    seed: int
    count: int
    places: dict[Place, Sent] = field(default_factory=dict)

    def send(self, bootstrap_servers: str, topic: str) -> None:
        """Send all of it, and wait until every broker in sync has it."""
        topic_id = kafka.topic_id(bootstrap_servers, topic)
        records = list(self._records())
        delivered = kafka.produce(bootstrap_servers, topic, [(one.uuid.encode(), one.value) for one in records])
        for sent, (partition, offset) in zip(records, delivered, strict=True):
            self.places[Place(topic_id, partition, offset)] = sent

    def _records(self) -> Iterator[Sent]:
        chance = Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        for _ in range(self.count):
            uuid = str(UUID(int=chance.getrandbits(128), version=4))
            good = _person(uuid)
            if chance.random() < POISON_SHARE:
                reason, spoil = chance.choice(_POISON)
                yield Sent(spoil(good, uuid), uuid, reason)
            else:
                yield Sent(good, uuid, None)


_TEMPLATE = json.dumps(
    {
        **PERSON,
        "login": {"uuid": "{uuid}", "username": "ada", "md5": "9" * 32, "sha1": "9" * 40, "sha256": "9" * 64},
        "email": "{uuid}@example.com",
        "registered": {"date": "2009-03-18T17:36:00.197Z", "age": 17},
        "id": {"name": "DNI", "value": "75164413-S"},
        "nat": "ES",
    }
)


def _person(uuid: str) -> bytes:
    return _TEMPLATE.replace("{uuid}", uuid).encode()


def _with(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes, str], bytes]:
    def spoil(good: bytes, _uuid: str) -> bytes:
        person = json.loads(good)
        change(person)
        return json.dumps(person).encode()

    return spoil


# Each keeps the uuid somewhere, so that no two of a load are equal.
_POISON: list[tuple[str, Callable[[bytes, str], bytes]]] = [
    ("not_json", lambda good, _: good[:-40]),
    ("not_json", lambda _, uuid: f"<html><body>502 Bad Gateway, request {uuid}</body></html>".encode()),
    ("invalid_utf8", lambda good, _: good.replace(b"Ada", b"A\xff")),
    ("not_an_object", lambda good, _: b"[" + good + b"]"),
    ("api_error", lambda _, uuid: json.dumps({"error": f"Uh oh, something has gone wrong: {uuid}"}).encode()),
    ("missing_field", _with(lambda person: person.pop("email"))),
    ("too_long", _with(lambda person: person["name"].update(first="x" * 51))),
    ("unstorable_character", _with(lambda person: person["name"].update(last="a\0b"))),
    ("invalid_date", _with(lambda person: person["dob"].update(date="1991-02-29T00:00:00Z"))),
]
