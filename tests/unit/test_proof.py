"""What the ledger, the tables and Kafka say, and what nothing_lost makes of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagster import AssetCheckResult, AssetCheckSeverity

from pipeline_defs import proof, proof_reading
from pipeline_defs.kafka_reading import Record
from pipeline_defs.proof import Sample, Seen

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
UUID = "9a723211-0e87-41f1-b1e4-ed1a15226b80"
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def ledger(topic_id: str = "A", opened_at: datetime = EARLIER, **changed: int) -> dict[str, Any]:
    counts = {"first_offset": 5, "next_offset": 15, "inserted": 7, "duplicates": 1, "rejected": 1, "skipped": 1}
    return {"topic_id": topic_id, "partition": 0, "opened_at": opened_at, **counts, **changed}


def count(**changed: int | None) -> dict[str, Any]:
    return {
        "counted_at": NOW, "seconds": 0.2, "from_kafka": 8, "inserted": 7, "replayed": 2, "erased": 1, **changed
    }  # fmt: skip


def outcome(result: AssetCheckResult) -> str:
    return "passed" if result.passed else "failed" if result.severity is AssetCheckSeverity.ERROR else "warned"


WELL = Seen([ledger()], count(), (), None, Sample({(0, 14): "row", (0, 13): "duplicate", (0, 12): "rejected"}))
DELETED = [{"topic_id": "A", "partition": 2, "from_offset": 10, "to_offset": 19, "noticed_at": NOW}]

CASES = {
    "all is well": (WELL, "passed", "3 of the newest records are where the ledger says"),
    "nothing was ever consumed": (replace(WELL, ledger=[], sample=Sample({})), "passed", "0 of the newest"),
    "one erased on purpose": (replace(WELL, sample=Sample({(0, 1): "erased"})), "passed", ""),
    "totals that don't add up": (
        replace(WELL, ledger=[ledger(inserted=6)]),
        "failed",
        "Partition 0 of A: 9 records are accounted for, 10 offsets were consumed.",
    ),
    "a row too few": (
        replace(WELL, count=count(from_kafka=7)),
        "failed",
        "users had 7 rows from Kafka at 2026-05-04 12:00:00, the books said 8: 7 inserted, 2 replayed, 1 erased.",
    ),
    "a row too many": (replace(WELL, count=count(from_kafka=9)), "failed", "users had 9 rows"),
    "deleted unread": (
        replace(WELL, deleted=DELETED),
        "failed",
        "Retention deleted offsets 10 to 19 of partition 2 before they were read",
    ),
    "deleted in many places": (replace(WELL, deleted=DELETED * 7), "failed", "2 more ranges are in skipped_offsets."),
    "a record that is nowhere": (
        replace(WELL, sample=Sample({(1, 7): "nowhere", (0, 3): "row"})),
        "failed",
        r"1 of 2 sampled records (partition/offset 1/7) are neither in users nor in rejected_records",
    ),
    "a record that is there twice": (replace(WELL, sample=Sample({(1, 7): "twice"})), "failed", "are both in users"),
    "a topic created again": (
        replace(WELL, ledger=[ledger(), ledger("B", NOW)]),
        "failed",
        "The topic was deleted and created again: since 2026-05-04 12:00:00 the ledger goes on as B.",
    ),
    "an end that fell back": (
        replace(WELL, ledger=[ledger("A~2", NOW), ledger()]),
        "failed",
        "The topic's end fell back: since 2026-05-04 12:00:00 the ledger goes on as A~2.",
    ),
    "a new life that somebody knows of": (
        replace(WELL, ledger=[ledger(), ledger("B", NOW)], acknowledged_at=LATER),
        "passed",
        "",
    ),
    "a new life since the last acknowledgement": (
        replace(WELL, ledger=[ledger(), ledger("B", NOW)], acknowledged_at=EARLIER),
        "failed",
        "",
    ),
    "a table too large": (
        replace(WELL, count=count(from_kafka=None, inserted=None, replayed=None, erased=None)),
        "warned",
        "users is too large to be counted",
    ),
    "Kafka is away": (
        replace(WELL, sample=Sample({}, "Kafka gave nothing.")),
        "warned",
        "No record was read again: Kafka gave nothing.",
    ),
    "a loss and a new life": (
        replace(WELL, ledger=[ledger(), ledger("B", NOW)], deleted=DELETED),
        "failed",
        "goes on as B",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_judgement(name: str):
    seen, expected, sentence = CASES[name]
    result = proof.judge(seen)
    assert outcome(result) == expected
    assert sentence in str(result.description)


PERSON = json.dumps({"login": {"uuid": UUID.upper()}, "email": " a@x.org "}).encode()
ROW = {"uuid": UUID, "email": "a@x.org", "kafka_partition": 0, "kafka_offset": 7}


@pytest.mark.parametrize(
    ("value", "row", "rejected", "erased_at", "expected"),
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
        (b"<html>", None, {(0, 7): None}, None, "rejected"),
        (b"<html>", None, {}, None, "nowhere"),
        (None, None, {}, None, "nowhere"),
        (b"[" * 100_000, None, {}, None, "nowhere"),
    ],
)
def test_where_a_record_is_found(
    value: bytes | None, row: dict[str, Any] | None, rejected: dict, erased_at: datetime | None, expected: str
):
    people = {UUID: row} if row else {}
    assert proof.found_at(Record(0, 7, NOW, value), people, rejected, erased_at) == expected


def test_the_newest_offsets_are_those_below_the_ledgers():
    rows = {
        0: ledger(first_offset=0, next_offset=100),
        1: ledger(first_offset=95, next_offset=100),
        2: ledger(first_offset=9, next_offset=9),
    }
    assert proof_reading.newest(rows) == {0: (80, 100), 1: (95, 100)}
