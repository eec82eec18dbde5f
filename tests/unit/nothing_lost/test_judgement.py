"""What the ledger, the tables and Kafka show, and what nothing_lost makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagster import AssetCheckResult, AssetCheckSeverity

from pipeline_defs.nothing_lost.evidence import Evidence, Sample
from pipeline_defs.nothing_lost.gaps import GapCheck
from pipeline_defs.nothing_lost.judgement import judge

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def ledger(topic_id: str = "A", opened_at: datetime = EARLIER, **changed: int) -> dict[str, Any]:
    ends = {"first_offset": 5, "next_offset": 15}
    counts = {"records": 9, "inserted": 7, "duplicates": 1, "rejected": 1, "skipped": 1}
    return {"topic_id": topic_id, "partition": 0, "opened_at": opened_at, **ends, **counts, **changed}


def count(**changed: object) -> dict[str, Any]:
    counts = {"from_kafka": 8, "inserted": 7, "replayed": 2, "erased": 1}
    return {"counted_at": NOW, "seconds": 0.2, "all_read_at": EARLIER, **counts, **changed}


def outcome(result: AssetCheckResult) -> str:
    return "passed" if result.passed else "failed" if result.severity is AssetCheckSeverity.ERROR else "warned"


HEALTHY = Evidence(
    ledger=[ledger()],
    count=count(),
    deleted=(),
    passed_over=(),
    acknowledged_at=None,
    gaps=GapCheck(),
    sample=Sample({(0, 14): "row", (0, 13): "duplicate", (0, 12): "rejected"}),
)
DELETED = [{"topic_id": "A", "partition": 2, "from_offset": 0, "to_offset": 19, "noticed_at": NOW}]
PASSED_OVER = [
    {"topic_id": "A", "partition": 1, "from_offset": 15, "to_offset": 19, "record_offset": 17, "noticed_at": NOW}
]

CASES = {
    "healthy": (HEALTHY, "passed", "3 of the newest records are where the ledger says"),
    "nothing consumed": (replace(HEALTHY, ledger=[], sample=Sample({})), "passed", "0 of the newest"),
    "erased on purpose": (replace(HEALTHY, sample=Sample({(0, 1): "erased"})), "passed", ""),
    "a record without an outcome": (
        replace(HEALTHY, ledger=[ledger(inserted=6)]),
        "failed",
        "Partition 0 of A: 9 records were read, and 8 are accounted for.",
    ),
    "an offset without a record": (
        replace(HEALTHY, ledger=[ledger(skipped=0)]),
        "failed",
        "Partition 0 of A: 10 offsets were passed, of which 9 held a record and 0 were skipped.",
    ),
    "a record lost on the way to the table, both wrong": (
        replace(HEALTHY, ledger=[ledger(records=8)]),
        "failed",
        "8 records were read, and 9 are accounted for. Partition 0 of A: 10 offsets were passed",
    ),
    "a row too few": (
        replace(HEALTHY, count=count(from_kafka=7)),
        "failed",
        "users had 7 rows from Kafka at 2026-05-04 12:00:00, the books said 8: 7 inserted, 2 replayed, 1 erased.",
    ),
    "a row too many": (replace(HEALTHY, count=count(from_kafka=9)), "failed", "users had 9 rows"),
    "a record in a gap": (
        replace(HEALTHY, passed_over=PASSED_OVER),
        "failed",
        "Partition 1, offset 17: a record is there, and the ledger passed over it as empty at 2026-05-04 12:00:00 "
        "(offsets 15 to 19).",
    ),
    "records in many gaps": (
        replace(HEALTHY, passed_over=PASSED_OVER * 7),
        "failed",
        "2 more gaps with a record are in skipped_offsets.",
    ),
    "deleted unread": (
        replace(HEALTHY, deleted=DELETED),
        "failed",
        "Retention deleted offsets 0 to 19 of partition 2 before they were read, noticed at 2026-05-04 12:00:00. They "
        "are lost;",
    ),
    "one deleted unread": (replace(HEALTHY, deleted=[DELETED[0] | {"to_offset": 0}]), "failed", "deleted offset 0 of"),
    "deleted in many places": (
        replace(HEALTHY, deleted=DELETED * 7),
        "failed",
        "2 more ranges are in skipped_offsets.",
    ),
    "a record nowhere": (
        replace(HEALTHY, sample=Sample({(1, 7): "nowhere", (0, 3): "row"})),
        "failed",
        "1 of 2 sampled records (partition/offset 1/7) are neither in users nor in rejected_records",
    ),
    "a record in two places": (replace(HEALTHY, sample=Sample({(1, 7): "twice"})), "failed", "are both in users"),
    "a topic created again": (
        replace(HEALTHY, ledger=[ledger(), ledger("B", NOW)]),
        "failed",
        "The topic was deleted and created again: since 2026-05-04 12:00:00 the ledger goes on as B.",
    ),
    "an end that fell back": (
        replace(HEALTHY, ledger=[ledger("A~2", NOW), ledger()]),
        "failed",
        "The topic's end fell back: since 2026-05-04 12:00:00 the ledger goes on as A~2.",
    ),
    "an acknowledged incarnation": (
        replace(HEALTHY, ledger=[ledger(), ledger("B", NOW)], acknowledged_at=LATER),
        "passed",
        "",
    ),
    "an incarnation since then": (
        replace(HEALTHY, ledger=[ledger(), ledger("B", NOW)], acknowledged_at=EARLIER),
        "failed",
        "",
    ),
    "a table too large": (
        replace(HEALTHY, count=count(from_kafka=None, inserted=None, replayed=None, erased=None, all_read_at=None)),
        "warned",
        "users is too large to be counted",
    ),
    "a table too large since yesterday": (
        replace(HEALTHY, count=count(all_read_at=NOW - timedelta(hours=26))),
        "warned",
        "since 2026-05-03 10:00:00 only new rows were compared with the books",
    ),
    "all rows read yesterday": (replace(HEALTHY, count=count(all_read_at=NOW - timedelta(hours=24))), "passed", ""),
    "Kafka away": (
        replace(HEALTHY, sample=Sample({}, problem="Kafka is away."), gaps=GapCheck(problem="Kafka is away.")),
        "warned",
        "No record was read again: Kafka is away.",
    ),
    "gaps that Kafka did not give": (
        replace(HEALTHY, gaps=GapCheck(waiting=1, problem="Kafka is slow.")),
        "warned",
        "No gap of the ledger was read again: Kafka is slow.",
    ),
    "gaps that wait": (replace(HEALTHY, gaps=GapCheck(waiting=5000, oldest_seconds=3599)), "passed", ""),
    "gaps that wait for long": (
        replace(HEALTHY, gaps=GapCheck(waiting=1, oldest_seconds=7200)),
        "warned",
        "Offsets that the ledger passed over as empty 120 minutes ago were not read again yet.",
    ),
    "a record too large": (
        replace(HEALTHY, sample=Sample({}, too_large=[(1, 17)])),
        "warned",
        "Record too large to read again (partition/offset 1/17).",
    ),
    "a loss and a new incarnation": (
        replace(HEALTHY, ledger=[ledger(), ledger("B", NOW)], deleted=DELETED),
        "failed",
        "goes on as B",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_judgement(name: str):
    evidence, expected, sentence = CASES[name]
    result = judge(evidence)
    assert outcome(result) == expected
    assert sentence in str(result.description)


def test_judgement_shows_records_and_gaps():
    metadata = judge(replace(HEALTHY, gaps=GapCheck(empty=3, unreadable=2, waiting=1))).metadata
    assert "| A | 0 | 5 | 15 | 9 | 7 | 1 | 1 | 1 |" in str(metadata["partitions"].value)
    names = ("gaps_read_again", "gaps_that_could_not_be_read_again", "gaps_waiting")
    assert [metadata[name].value for name in names] == [3, 2, 1]
