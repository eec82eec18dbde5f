"""Holds what stands in the tables against what was sent: every record in its one place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.load import Place, Sent
from tests.integration.stack import TOPIC, Stack

# The offset after the last record, by topic id and partition.
Ends = Mapping[tuple[str, int], int]

_TOTALS = """
SELECT
    (SELECT coalesce(max(id), 0) FROM users) AS last_id,
    (SELECT coalesce(max(rejected_at), '-infinity')::TEXT FROM rejected_records) AS last_rejection,
    coalesce(sum(duplicates), 0)::BIGINT AS duplicates
FROM stream_offsets
"""
_UNBALANCED = """
SELECT
    (SELECT count(*) FROM users WHERE kafka_offset IS NOT NULL)
    + (SELECT coalesce(sum(from_kafka), 0) FROM users_erased)
    - (SELECT coalesce(sum(inserted), 0) FROM replays)
    - sum(inserted) AS users,
    (SELECT count(*) FROM rejected_records) - sum(rejected) AS rejected,
    sum(abs(inserted + duplicates + rejected - records)) AS records,
    sum(abs(records + skipped - (next_offset - first_offset))) AS offsets
FROM stream_offsets
"""


@dataclass(frozen=True)
class Before:
    """Where the tables stood when the load began."""

    last_id: int
    last_rejection: str
    duplicates: int

    @staticmethod
    def now(stack: Stack) -> "Before":
        [row] = stack.query(_TOTALS)
        return Before(**row)


@dataclass(frozen=True)
class Verdict:
    """How many records were lost, doubled, or put in the wrong place; `deleted` went with their topic, unread."""

    lost: int
    doubled: int
    misplaced: int
    deleted: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.misplaced)


def ends_of(places: Iterable[Place]) -> Ends:
    """Give where these records end."""
    found: dict[tuple[str, int], int] = {}
    for place in places:
        key = (place.topic_id, place.partition)
        found[key] = max(found.get(key, 0), place.offset + 1)
    return found


def is_consumed(stack: Stack, ends: Ends) -> bool:
    """Tell whether the ledger has passed these offsets, those that can still be read."""
    stands, alive = _ledger(stack), stack.topic_id()
    return all(stands.get(key, 0) >= end for key, end in ends.items() if key[0] == alive)


def verify(stack: Stack, places: Mapping[Place, Sent], before: Before) -> Verdict:
    """Look for each record of the load."""
    unbalanced = stack.query(_UNBALANCED)[0]
    assert not any(unbalanced.values()), f"the ledger and the tables differ by {unbalanced}"
    stands, alive = _ledger(stack), stack.topic_id()
    expected = {
        place: sent
        for place, sent in places.items()
        if place.topic_id == alive or place.offset < stands.get((place.topic_id, place.partition), 0)
    }
    users = Counter(_users(stack, before))
    rejected = Counter(_rejected(stack, before))
    lost = misplaced = doubled = 0
    by_uuid = Counter(uuid for _, _, uuid in users.elements())
    by_payload = Counter(payload for _, payload, _ in rejected.elements())
    for place, sent in expected.items():
        if sent.reason is None:
            found, exactly = by_uuid[sent.uuid], users[place.partition, place.offset, sent.uuid]
        else:
            found, exactly = by_payload[sent.value], rejected[place, sent.value, sent.reason]
        lost += found == 0
        doubled += found > 1
        misplaced += found > 0 and exactly == 0
    duplicates = stack.query(_TOTALS)[0]["duplicates"] - before.duplicates
    return Verdict(lost, doubled + duplicates, misplaced, len(places) - len(expected))


def _users(stack: Stack, before: Before) -> list[tuple[int, int, str]]:
    statement = "SELECT kafka_partition, kafka_offset, uuid::TEXT AS uuid FROM users WHERE id > %(last_id)s"
    rows = stack.query(statement, last_id=before.last_id)
    return [(row["kafka_partition"], row["kafka_offset"], row["uuid"]) for row in rows]


def _rejected(stack: Stack, before: Before) -> list[tuple[Place, bytes, str]]:
    statement = """
        SELECT topic_id, partition, "offset", payload, reason FROM rejected_records
        WHERE rejected_at > %(last_rejection)s::TIMESTAMPTZ
    """
    rows: list[dict[str, Any]] = stack.query(statement, last_rejection=before.last_rejection)
    return [
        (
            Place(_kafka_id(row["topic_id"]), row["partition"], row["offset"]),
            bytes(row["payload"] or b""),
            row["reason"],
        )
        for row in rows
    ]


def _ledger(stack: Stack) -> dict[tuple[str, int], int]:
    rows = stack.query(
        "SELECT topic_id, partition, next_offset FROM stream_offsets WHERE topic = %(topic)s", topic=TOPIC
    )
    return {(_kafka_id(row["topic_id"]), row["partition"]): row["next_offset"] for row in rows}


def _kafka_id(topic_id: str) -> str:
    # The ledger counts lives of a topic whose end fell back: A, A~2, …
    return topic_id.partition("~")[0]
