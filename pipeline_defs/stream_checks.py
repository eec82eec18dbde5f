"""The checks of the stream: is it running as it is wanted, and how far is it behind."""

from datetime import UTC, datetime

from dagster import AssetCheckResult

from pipeline_defs import ledger
from pipeline_defs.asset_check import check_of
from pipeline_defs.database import Database
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.kafka_waiting import oldest_waiting
from pipeline_defs.settings import Settings
from pipeline_defs.stream_judgements import Said, judge_lag, judge_running
from pipeline_defs.stream_world import last_error
from pipeline_defs.supervision.states import State


@check_of(
    "users_stream",
    "The stream is as it is wanted. A start or restart is a warning, for UNWELL_SECONDS (120); a crash loop and a "
    "stalled stream are failures. The newest error of a driver stands behind the state, and in full in the metadata.",
)
def stream_running(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask the tables what the supervisor and the driver last said, and judge it."""
    with database.session() as session:
        decisions = session.run("decisions_recent")
        progress = session.run("stream_progress_latest")
        error = last_error(session)
    said = Said(
        states=[(State(row["state"]), row["decided_at"]) for row in decisions],
        reason=decisions[0]["reason"] if decisions else "",
        heartbeat_at=progress[0]["heartbeat_at"] if progress else None,
        error=error,
    )
    return judge_running(said, datetime.now(UTC), settings.unwell_after)


@check_of(
    "users_stream",
    "The ledger is near Kafka's ends: LAG_WARN_RECORDS (10000), LAG_FAIL_RECORDS (100000), LAG_WARN_SECONDS (60) and "
    "LAG_FAIL_SECONDS (300) set the limits. Seconds are the age of the oldest record that waits.",
)
def stream_lag(database: Database, topic: Topic, settings: Settings) -> AssetCheckResult:
    """Ask the ledger, Kafka's ends, and the oldest record that waits, and judge them."""
    rows = database.run("ledger_read", topic=topic.name)
    topic_id = topic.describe().topic_id
    lag = ledger.lag(rows, topic_id, topic.end_offsets())
    behind = {partition: records for partition, records in lag.items() if records}
    stands = ledger.next_offsets(rows, topic_id)
    oldest = oldest_waiting(topic.bootstrap_servers, topic.name, {each: stands.get(each, 0) for each in behind})
    return judge_lag(lag, oldest, datetime.now(UTC), settings.lag_limits)


STREAM_CHECKS = [stream_running, stream_lag]
