"""The asset checks: each looks and lets `judgements` say what it means; a sensor reports the same results unasked."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from dagster import AssetCheckEvaluation, AssetCheckResult, AssetKey, ResourceParam, asset_check

from pipeline_defs import proof, proof_reading, rejection
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.judgements import (
    Completeness,
    Uniqueness,
    judge_completeness,
    judge_freshness,
    judge_topic,
    judge_uniqueness,
)
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.settings import Settings


def freshness_of(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask the table for its newest row and judge it."""
    newest = database.run("users_newest")[0]["newest"]
    return judge_freshness(newest, datetime.now(UTC), settings.warn_after, settings.fail_after)


def uniqueness_of(database: Database) -> AssetCheckResult:
    """Ask for the unique index, and only without it count doubled uuids, then judge."""
    guarded = bool(database.run("users_unique_index")[0]["guarded"])
    return judge_uniqueness(Uniqueness(guarded, 0 if guarded else database.run("users_doubled")[0]["doubled"]))


def completeness_of(database: Database) -> AssetCheckResult:
    """Count incomplete rows through the index that holds only them, and judge."""
    row = database.run("users_incomplete")[0]
    return judge_completeness(Completeness(row["incomplete"], row["examples"] or ()))


def topic_health_of(topic: Topic, settings: Settings) -> AssetCheckResult:
    """Ask the brokers for the topic and judge it."""
    return judge_topic(topic.describe(), settings.kafka_topic_partitions, settings.kafka_topic_replicas)


def losses_of(database: Database, topic: Topic) -> AssetCheckResult:
    """Look at the ledger, the rows and the newest records, and judge whether anything is lost."""
    return proof.judge(proof_reading.look(database, topic))


def rejection_of(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask how much was rejected lately, and why, and judge."""
    since = datetime.now(UTC) - timedelta(minutes=settings.rejected_window_minutes)
    with database.session() as session:
        seen = session.run("rejected_recently", since=since)[0]
        samples = session.run("rejected_samples", since=since)
    limits = rejection.Limits(
        window_minutes=settings.rejected_window_minutes,
        least_records=settings.rejected_least_records,
        warn_percent=settings.rejected_warn_percent,
        fail_percent=settings.rejected_fail_percent,
    )
    return rejection.judge(seen["consumed"], seen["reasons"], samples, limits)


def judged(look: Callable[[], AssetCheckResult]) -> AssetCheckResult:
    """Give the result, or a failed one that says why nothing could be seen."""
    try:
        return look()
    except PipelineError as error:
        return AssetCheckResult(passed=False, description=str(error))


@asset_check(
    asset="users",
    description=(
        "The newest row is young. FRESHNESS_WARN_SECONDS (120) and FRESHNESS_FAIL_SECONDS (300) set the limits."
    ),
)
def freshness(database: ResourceParam[Database], settings: ResourceParam[Settings]) -> AssetCheckResult:
    """The table has a young row."""
    return judged(lambda: freshness_of(database, settings))


@asset_check(asset="users", description="No uuid stands in two rows.")
def unique_uuid(database: ResourceParam[Database]) -> AssetCheckResult:
    """The table has each uuid once."""
    return judged(lambda: uniqueness_of(database))


@asset_check(asset="users", description="No NULL where the API always has a value; email_domain agrees with email.")
def complete_rows(database: ResourceParam[Database]) -> AssetCheckResult:
    """The table has no incomplete row."""
    return judged(lambda: completeness_of(database))


@asset_check(
    asset="users",
    description=(
        "The ledger adds up, the rows agree with it, and the newest records of Kafka, read again, are where it says."
    ),
)
def nothing_lost(database: ResourceParam[Database], topic: ResourceParam[Topic]) -> AssetCheckResult:
    """Nothing is lost, nothing is there twice."""
    return judged(lambda: losses_of(database, topic))


@asset_check(
    asset="users",
    description=(
        "Few records are rejected. REJECTED_WINDOW_MINUTES (60), REJECTED_WARN_PERCENT (1) and REJECTED_FAIL_PERCENT "
        "(10) set the limits; below REJECTED_LEAST_RECORDS (100) it warns at most."
    ),
)
def rejected_rate(database: ResourceParam[Database], settings: ResourceParam[Settings]) -> AssetCheckResult:
    """Few records are rejected."""
    return judged(lambda: rejection_of(database, settings))


@asset_check(asset="random_user_topic", description="All partitions, all replicas, all in sync.")
def topic_healthy(topic: ResourceParam[Topic], settings: ResourceParam[Settings]) -> AssetCheckResult:
    """The topic is complete and in sync."""
    return judged(lambda: topic_health_of(topic, settings))


CHECKS = [freshness, unique_uuid, complete_rows, nothing_lost, rejected_rate, topic_healthy]

# Reads from Kafka: the sensor evaluates it only when a report is due.
DEAR = {"nothing_lost"}


def looks(
    database: Database, topic: Topic, settings: Settings
) -> Mapping[tuple[str, str], Callable[[], AssetCheckResult]]:
    """Give what evaluates each check, by asset and name of the check."""
    return {
        ("users", "freshness"): lambda: judged(lambda: freshness_of(database, settings)),
        ("users", "unique_uuid"): lambda: judged(lambda: uniqueness_of(database)),
        ("users", "complete_rows"): lambda: judged(lambda: completeness_of(database)),
        ("users", "nothing_lost"): lambda: judged(lambda: losses_of(database, topic)),
        ("users", "rejected_rate"): lambda: judged(lambda: rejection_of(database, settings)),
        ("random_user_topic", "topic_healthy"): lambda: judged(lambda: topic_health_of(topic, settings)),
    }


def evaluation(asset: str, name: str, result: AssetCheckResult) -> AssetCheckEvaluation:
    """Make of a result the event that a sensor reports."""
    return AssetCheckEvaluation(
        asset_key=AssetKey(asset),
        check_name=name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
