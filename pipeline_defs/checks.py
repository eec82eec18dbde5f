"""The checks of topic and table: each looks and lets `judgements` say what it means."""

from datetime import UTC, datetime, timedelta

from dagster import AssetCheckResult

from pipeline_defs import rejection
from pipeline_defs.asset_check import check_of
from pipeline_defs.database import Database
from pipeline_defs.judgements import (
    Completeness,
    Uniqueness,
    judge_completeness,
    judge_freshness,
    judge_topic,
    judge_uniqueness,
)
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.nothing_lost import evidence, judgement
from pipeline_defs.settings import Settings


@check_of(
    "users",
    "The newest row is young. FRESHNESS_WARN_SECONDS (120) and FRESHNESS_FAIL_SECONDS (300) set the limits; a stream "
    "gets as long for its first row, from when it is wanted.",
)
def freshness(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask the table for its newest row, and since when rows are wanted, and judge."""
    with database.session() as session:
        newest = session.run("users_newest")[0]["newest"]
        [state] = session.run("stream_state_read") or [None]
    wanted_since = state["since"] if state and state["wanted"] == "running" else None
    return judge_freshness(newest, wanted_since, datetime.now(UTC), settings.warn_after, settings.fail_after)


@check_of("users", "No uuid stands in two rows.")
def unique_uuid(database: Database) -> AssetCheckResult:
    """Ask for the unique index, and only without it count doubled uuids, then judge."""
    guarded = bool(database.run("users_unique_index")[0]["guarded"])
    return judge_uniqueness(Uniqueness(guarded, 0 if guarded else database.run("users_doubled")[0]["doubled"]))


@check_of("users", "No NULL where the API always has a value; email_domain agrees with email.")
def complete_rows(database: Database) -> AssetCheckResult:
    """Count incomplete rows through the index that holds only them, and judge."""
    row = database.run("users_incomplete")[0]
    return judge_completeness(Completeness(row["incomplete"], row["examples"] or ()))


@check_of(
    "users",
    "The ledger adds up, the rows agree with it, and Kafka, read again, holds the newest records where it says, and "
    "none in its gaps.",
)
def nothing_lost(database: Database, topic: Topic) -> AssetCheckResult:
    """Return whether anything is lost, by the ledger, the rows, its gaps and the newest records."""
    return judgement.judge(evidence.collect(database, topic))


@check_of(
    "users",
    "Few records are rejected. REJECTED_WINDOW_MINUTES (60), REJECTED_WARN_PERCENT (1) and REJECTED_FAIL_PERCENT "
    "(10) set the limits; below REJECTED_LEAST_RECORDS (100) it warns at most.",
)
def rejected_rate(database: Database, settings: Settings) -> AssetCheckResult:
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


@check_of("random_user_topic", "All partitions, all replicas, all in sync.")
def topic_healthy(topic: Topic, settings: Settings) -> AssetCheckResult:
    """Ask the brokers for the topic and judge it."""
    return judge_topic(topic.describe(), settings.kafka_topic_partitions, settings.kafka_topic_replicas)


CHECKS = [freshness, unique_uuid, complete_rows, nothing_lost, rejected_rate, topic_healthy]

# They read from Kafka: the sensor evaluates them only when a report is due.
DEAR = frozenset({nothing_lost})
