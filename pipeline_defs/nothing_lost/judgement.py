"""What the ledger, the tables and Kafka show → the result of the check nothing_lost. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.database import Row
from pipeline_defs.nothing_lost.counting import agrees, expected
from pipeline_defs.nothing_lost.evidence import Evidence, RecordId, Sample

_COLUMNS = (
    *("topic_id", "partition", "first_offset", "next_offset"),
    *("records", "inserted", "duplicates", "rejected", "skipped"),
)
# All rows are read once a day, where there is time.
_COUNT_IS_OLD = timedelta(hours=25)
_GAP_IS_OLD_SECONDS = 3600
_SHOWN = 5


def judge(evidence: Evidence) -> AssetCheckResult:
    """Return a failure where something is lost or doubled, a warning where it can't be told."""
    failures = [
        *_unbalanced(evidence.ledger),
        *_miscounted(evidence.count),
        *_passed_over(evidence.passed_over),
        *_deleted(evidence.deleted),
        *_new_incarnations(evidence.ledger, evidence.acknowledged_at),
        *_misplaced(evidence.sample),
    ]
    warnings = list(_unverified(evidence))
    outcomes = Counter(evidence.sample.outcomes.values())
    count, gaps = evidence.count, evidence.gaps
    return AssetCheckResult(
        passed=not failures and not warnings,
        severity=AssetCheckSeverity.ERROR if failures else AssetCheckSeverity.WARN,
        description=" ".join([*failures, *warnings])
        or f"Every offset is accounted for, and {outcomes.total()} of the newest records are where the ledger says.",
        metadata={
            "partitions": MetadataValue.md(_table(evidence.ledger)),
            "counted_at": MetadataValue.timestamp(count["counted_at"]),
            "count_seconds": round(count["seconds"], 3),
            **{name: count[name] for name in ("from_kafka", "inserted", "replayed", "erased")},
            "sampled": MetadataValue.json(dict(sorted(outcomes.items()))),
            "gaps_read_again": gaps.empty,
            "gaps_that_could_not_be_read_again": gaps.unreadable,
            "gaps_waiting": gaps.waiting,
        },
    )


def _unbalanced(ledger: Iterable[Row]) -> Iterable[str]:
    for row in ledger:
        name = f"Partition {row['partition']} of {row['topic_id']}"
        outcomes = row["inserted"] + row["duplicates"] + row["rejected"]
        if outcomes != row["records"]:
            yield f"{name}: {row['records']} records were read, and {outcomes} are accounted for."
        offsets = row["next_offset"] - row["first_offset"]
        if row["records"] + row["skipped"] != offsets:
            yield (
                f"{name}: {offsets} offsets were passed, of which {row['records']} held a record and "
                f"{row['skipped']} were skipped."
            )


def _miscounted(count: Row) -> Iterable[str]:
    if count["from_kafka"] is not None and not agrees(count):
        yield (
            f"users had {count['from_kafka']} rows from Kafka at {_second(count['counted_at'])}, the books said "
            f"{expected(count)}: {count['inserted']} inserted, {count['replayed']} replayed, {count['erased']} erased."
        )


def _passed_over(gaps: Sequence[Row]) -> Iterable[str]:
    for gap in gaps[:_SHOWN]:
        yield (
            f"Partition {gap['partition']}, offset {gap['record_offset']}: a record is there, and the ledger passed "
            f"over it as empty at {_second(gap['noticed_at'])} ({_offsets(gap)})."
        )
    if len(gaps) > _SHOWN:
        yield f"{len(gaps) - _SHOWN} more gaps with a record are in skipped_offsets."
    if gaps:
        yield (
            "These records are in Kafka and in no table. Once they are taken care of, the job acknowledge_losses says "
            "that you know."
        )


def _deleted(ranges: Sequence[Row]) -> Iterable[str]:
    for gap in ranges[:_SHOWN]:
        yield (
            f"Retention deleted {_offsets(gap)} of partition {gap['partition']} before they were read, noticed at "
            f"{_second(gap['noticed_at'])}."
        )
    if len(ranges) > _SHOWN:
        yield f"{len(ranges) - _SHOWN} more ranges are in skipped_offsets."
    if ranges:
        yield "They are lost; the job acknowledge_losses says that you know."


def _misplaced(sample: Sample) -> Iterable[str]:
    for outcome, sentence in (
        ("nowhere", "are neither in users nor in rejected_records, though the ledger has passed them"),
        ("twice", "are both in users and in rejected_records"),
    ):
        records = [record for record, seen in sorted(sample.outcomes.items()) if seen == outcome]
        if records:
            yield (
                f"{len(records)} of {len(sample.outcomes)} sampled records (partition/offset {_named(records)}) "
                f"{sentence}."
            )


def _new_incarnations(ledger: Iterable[Row], acknowledged_at: datetime | None) -> Iterable[str]:
    opened: dict[str, datetime] = {}
    for row in ledger:
        opened[row["topic_id"]] = min(row["opened_at"], opened.get(row["topic_id"], row["opened_at"]))
    _, *later = sorted(opened, key=opened.__getitem__) or [""]
    for topic_id in later:
        if acknowledged_at is None or opened[topic_id] > acknowledged_at:
            what = "'s end fell back" if "~" in topic_id else " was deleted and created again"
            yield (
                f"The topic{what}: since {_second(opened[topic_id])} the ledger goes on as {topic_id}. What was unread "
                "before is lost; the job acknowledge_losses says that you know."
            )


def _unverified(evidence: Evidence) -> Iterable[str]:
    count, gaps, sample = evidence.count, evidence.gaps, evidence.sample
    all_read_at = count.get("all_read_at")
    if count["from_kafka"] is None:
        yield f"users is too large to be counted in {count['seconds']:.0f} s, so its rows were not compared."
    elif all_read_at is not None and count["counted_at"] - all_read_at > _COUNT_IS_OLD:
        yield (
            f"users is too large to be counted in time: since {_second(all_read_at)} only new rows were compared with "
            "the books."
        )
    if sample.problem:
        yield f"No record was read again: {sample.problem}"
    elif gaps.problem:
        yield f"No gap of the ledger was read again: {gaps.problem}"
    if gaps.oldest_seconds > _GAP_IS_OLD_SECONDS:
        yield (
            f"Offsets that the ledger passed over as empty {gaps.oldest_seconds / 60:.0f} minutes ago were not read "
            "again yet."
        )
    if sample.too_large:
        yield f"Record too large to read again (partition/offset {_named(sample.too_large)})."


def _offsets(gap: Row) -> str:
    first, last = gap["from_offset"], gap["to_offset"]
    return f"offset {first}" if first == last else f"offsets {first} to {last}"


def _named(records: Sequence[RecordId]) -> str:
    return ", ".join(f"{partition}/{offset}" for partition, offset in records[:_SHOWN])


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _table(ledger: Iterable[Row]) -> str:
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(row[column]) for column in _COLUMNS)} |" for row in ledger)])
