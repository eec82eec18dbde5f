"""Is anything lost? What the ledger, the tables and Kafka say → the result of the check nothing_lost. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.database import Row
from pipeline_defs.kafka_reading import Record

Place = tuple[int, int]  # partition and offset


@dataclass(frozen=True)
class Person:
    """What identifies a person in a record: plain Python reads it, and not the stream's parser."""

    uuid: str
    email: str


@dataclass(frozen=True)
class Sample:
    """Some of the newest records, read again, and where each was found: by place in Kafka, what became of it.

    `problem` says why there are none, where there should be.
    """

    found: Mapping[Place, str]
    problem: str | None = None


@dataclass(frozen=True)
class Seen:
    """What the check has looked at.

    Attributes:
        ledger: all rows of the topic.
        count: when the rows of `users` were last counted, and what the books said then.
        deleted: offsets that retention deleted unread, and nobody has acknowledged.
        acknowledged_at: until when somebody knows of losses and new lives.
        sample: of the newest records.
    """

    ledger: Sequence[Row]
    count: Row
    deleted: Sequence[Row]
    acknowledged_at: datetime | None
    sample: Sample


def person_in(value: bytes | None) -> Person | None:
    """Give who a record is about, None where it can't be told."""
    try:
        read = json.loads(value or b"")
        return Person(str(UUID(read["login"]["uuid"].strip())), read["email"].strip())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def found_at(
    record: Record, people: Mapping[str, Row], rejected: Mapping[Place, str | None], erased_at: datetime | None
) -> str:
    """Say what became of a record.

    Args:
        record: as Kafka holds it.
        people: rows of `users` by uuid.
        rejected: rejected records by place, with what they were replayed as.
        erased_at: when rows were last erased on purpose: a record from before may have been one of them.

    Returns:
        `row`, `duplicate`, `rejected` or `erased`; `nowhere` or `twice`, which must not be.
    """
    place = (record.partition, record.offset)
    person = person_in(record.value)
    row = people.get(person.uuid) if person else None
    is_row = row is not None and (row["kafka_partition"], row["kafka_offset"]) == place
    if place in rejected:
        return "twice" if is_row and rejected[place] is None else "rejected"
    if is_row:
        return "row"
    if row is not None and person is not None and row["email"] == person.email:
        return "duplicate"
    return "erased" if erased_at is not None and record.timestamp < erased_at else "nowhere"


def judge(seen: Seen) -> AssetCheckResult:
    """Judge: a failure where something is lost or doubled, a warning where it can't be told."""
    failures = [
        *_unbalanced(seen.ledger),
        *_miscounted(seen.count),
        *_deleted(seen.deleted),
        *_new_lives(seen.ledger, seen.acknowledged_at),
        *_astray(seen.sample),
    ]
    warnings = list(_unseen(seen))
    found = Counter(seen.sample.found.values())
    count = seen.count
    return AssetCheckResult(
        passed=not failures and not warnings,
        severity=AssetCheckSeverity.ERROR if failures else AssetCheckSeverity.WARN,
        description=" ".join([*failures, *warnings])
        or f"Every offset is accounted for, and {sum(found.values())} of the newest records are where the ledger says.",
        metadata={
            "partitions": MetadataValue.md(_table(seen.ledger)),
            "counted_at": MetadataValue.timestamp(count["counted_at"]),
            "count_seconds": round(count["seconds"], 3),
            **{name: count[name] for name in ("from_kafka", "inserted", "replayed", "erased")},
            "sampled": MetadataValue.json(dict(sorted(found.items()))),
        },
    )


def _unbalanced(ledger: Iterable[Row]) -> Iterable[str]:
    for row in ledger:
        accounted = row["inserted"] + row["duplicates"] + row["rejected"] + row["skipped"]
        if accounted != row["next_offset"] - row["first_offset"]:
            yield (
                f"Partition {row['partition']} of {row['topic_id']}: {accounted} records are accounted for, "
                f"{row['next_offset'] - row['first_offset']} offsets were consumed."
            )


def _miscounted(count: Row) -> Iterable[str]:
    if count["from_kafka"] is None:
        return
    expected = count["inserted"] + count["replayed"] - count["erased"]
    if count["from_kafka"] != expected:
        yield (
            f"users had {count['from_kafka']} rows from Kafka at {count['counted_at']:%Y-%m-%d %H:%M:%S}, the books "
            f"said {expected}: {count['inserted']} inserted, {count['replayed']} replayed, {count['erased']} erased."
        )


def _deleted(ranges: Sequence[Row]) -> Iterable[str]:
    for each in ranges[:5]:
        yield (
            f"Retention deleted offsets {each['from_offset']} to {each['to_offset']} of partition {each['partition']} "
            f"before they were read, noticed at {each['noticed_at']:%Y-%m-%d %H:%M:%S}."
        )
    if len(ranges) > 5:  # noqa: PLR2004 - as above
        yield f"{len(ranges) - 5} more ranges are in skipped_offsets."
    if ranges:
        yield "They are lost; the job acknowledge_losses says that you know."


def _astray(sample: Sample) -> Iterable[str]:
    for verdict, sentence in (
        ("nowhere", "are neither in users nor in rejected_records, though the ledger has passed them"),
        ("twice", "are both in users and in rejected_records"),
    ):
        places = [place for place, found in sorted(sample.found.items()) if found == verdict]
        if places:
            shown = ", ".join(f"{partition}/{offset}" for partition, offset in places[:5])
            yield f"{len(places)} of {len(sample.found)} sampled records (partition/offset {shown}) {sentence}."


def _new_lives(ledger: Iterable[Row], acknowledged_at: datetime | None) -> Iterable[str]:
    opened: dict[str, datetime] = {}
    for row in ledger:
        opened[row["topic_id"]] = min(row["opened_at"], opened.get(row["topic_id"], row["opened_at"]))
    _, *later = sorted(opened, key=opened.__getitem__) or [""]
    for topic_id in later:
        if acknowledged_at is None or opened[topic_id] > acknowledged_at:
            what = "'s end fell back" if "~" in topic_id else " was deleted and created again"
            yield (
                f"The topic{what}: since {opened[topic_id]:%Y-%m-%d %H:%M:%S} the ledger goes on as {topic_id}. What "
                "was unread before is lost; the job acknowledge_losses says that you know."
            )


def _unseen(seen: Seen) -> Iterable[str]:
    if seen.count["from_kafka"] is None:
        yield f"users is too large to be counted in {seen.count['seconds']:.0f} s, so its rows were not compared."
    if seen.sample.problem:
        yield f"No record was read again: {seen.sample.problem}"


def _table(ledger: Iterable[Row]) -> str:
    columns = (
        *("topic_id", "partition", "first_offset", "next_offset"),
        *("inserted", "duplicates", "rejected", "skipped"),
    )
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(row[column]) for column in columns)} |" for row in ledger)])
