"""What is seen of the table and the topic → the result of a check. Pure: the checks and a sensor bring what is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.kafka_topic import TopicState


@dataclass(frozen=True)
class Uniqueness:
    """Whether a valid unique index guards `uuid`, and how many rows repeat one (counted only without the index)."""

    guarded: bool
    doubled: int


@dataclass(frozen=True)
class Completeness:
    """How many rows lack a value that the API always gives, and the ids of the newest few."""

    incomplete: int
    examples: Sequence[int]


def judge_freshness(
    newest: datetime | None, wanted_since: datetime | None, now: datetime, warn_after: timedelta, fail_after: timedelta
) -> AssetCheckResult:
    """Judge the age of the newest row: a warning after one limit, a failure after the other.

    Args:
        newest: when the newest row came; None where there is none.
        wanted_since: since when the stream is wanted; None where it isn't. Before it has been for as long as makes a
            failure, a row that is old or missing is a warning: a young one may not have been possible.
        now: the moment of the look.
        warn_after: the age from which it warns.
        fail_after: the age from which it fails.
    """
    age = now - newest if newest else None
    wanted_for = now - wanted_since if wanted_since else None
    passed = age is not None and age <= warn_after
    begins = wanted_for is not None and wanted_for <= fail_after
    severe = (age is None or age > fail_after) and not begins
    says = f"The newest row is {_seconds(age)} old" if age is not None else "The table has no row of this pipeline yet"
    if wanted_for is not None and begins and not passed:
        says += f"; the stream has been wanted for {_seconds(wanted_for)}"
    return AssetCheckResult(
        passed=passed,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=f"{says}.",
        metadata={
            "age_seconds": round(age.total_seconds(), 1) if age is not None else None,
            "newest_row": MetadataValue.timestamp(newest) if newest else MetadataValue.null(),
            "warn_after_seconds": warn_after.total_seconds(),
            "fail_after_seconds": fail_after.total_seconds(),
        },
    )


def judge_uniqueness(seen: Uniqueness) -> AssetCheckResult:
    """Judge whether a uuid can stand in two rows. Without the index that forbids it there is at least a warning."""
    if seen.guarded:
        description = "A valid unique index guards uuid, so PostgreSQL itself refuses a second row."
    elif seen.doubled:
        description = f"{seen.doubled} rows repeat a uuid, and no unique index guards it. Run the job provision."
    else:
        description = "No uuid is doubled, but the unique index is gone. Run the job provision."
    return AssetCheckResult(
        passed=seen.guarded,
        severity=AssetCheckSeverity.ERROR if seen.doubled else AssetCheckSeverity.WARN,
        description=description,
        metadata={"doubled": seen.doubled, "unique_index": seen.guarded},
    )


def judge_completeness(seen: Completeness) -> AssetCheckResult:
    """Judge whether every row has what the API always gives, and a domain that agrees with its e-mail."""
    examples = ", ".join(map(str, seen.examples))
    return AssetCheckResult(
        passed=seen.incomplete == 0,
        description=f"{seen.incomplete} rows are incomplete; the newest ids are {examples}."
        if seen.incomplete
        else "No row lacks a value that the API always gives.",
        metadata={"incomplete": seen.incomplete, "examples": MetadataValue.json(list(seen.examples))},
    )


def judge_topic(state: TopicState, partitions: int, replicas: int) -> AssetCheckResult:
    """Judge whether the topic has its partitions, each with a leader and all its replicas in sync."""
    problems = (
        [f"{len(state.partitions)} partitions instead of {partitions}"] if len(state.partitions) < partitions else []
    )
    for partition in state.partitions:
        if partition.leader is None:
            problems.append(f"partition {partition.number} has no leader")
        if len(partition.replicas) < replicas:
            problems.append(
                f"partition {partition.number} has {len(partition.replicas)} replicas instead of {replicas}"
            )
        lagging = sorted(set(partition.replicas) - set(partition.in_sync))
        if lagging:
            problems.append(f"partition {partition.number} is not in sync on broker {', '.join(map(str, lagging))}")
    in_sync = [len(partition.in_sync) for partition in state.partitions]
    return AssetCheckResult(
        passed=not problems,
        description=f"{'; '.join(problems)}." if problems else "All partitions have all their replicas in sync.",
        metadata={
            "partitions": len(state.partitions),
            "replicas_in_sync": MetadataValue.json(in_sync),
            "topic_id": state.topic_id,
        },
    )


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
