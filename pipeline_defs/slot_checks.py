"""The check of the grid: were slots missed, did they fail, were they late."""

from datetime import UTC, datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.asset_check import check_of
from pipeline_defs.database import Database, Row
from pipeline_defs.settings import Settings

_LOOKED_AT = timedelta(minutes=10)
# A run that is up in time sends within a second: it asks the API first, and waits for Kafka.
_LATE_SECONDS = 5
# When the schedule is switched on, its first tick comes within a minute, and its runs wait for a Dagster that may have
# just started: so long, slots that are missed are no failure.
_BEGINS_SECONDS = 180


def judge_slots(row: Row, fail_from: int) -> AssetCheckResult:
    """Judge the slots of the last minutes: one that was missed, failed or late is a warning, several a failure.

    Those that were missed or failed while the schedule began are a warning, however many.
    """
    lost = row["missed"] + row["failed"] - row["beginning"]
    problems = [f"{row[kind]} {kind}" for kind in ("missed", "failed", "late") if row[kind]]
    metadata: dict[str, MetadataValue | int] = {kind: row[kind] for kind in ("slots", "missed", "failed", "late")}
    metadata["missed_or_failed_at_the_beginning"] = row["beginning"]
    if row["newest"]:
        metadata["newest_missed_or_failed"] = MetadataValue.timestamp(row["newest"])
    says = ", ".join(problems) or "none missed or late"
    if row["beginning"]:
        says += f" ({row['beginning']} of them while the schedule began)"
    return AssetCheckResult(
        passed=not problems,
        severity=AssetCheckSeverity.ERROR if lost >= fail_from else AssetCheckSeverity.WARN,
        description=f"Of {row['slots']} slots in the last 10 minutes: {says}.",
        metadata=metadata,
    )


@check_of(
    "random_user_topic",
    "No slot of the last 10 minutes was missed, failed, or sent more than 5 s late; SLOTS_FAIL_COUNT (3) missed or "
    "failed ones are a failure, but for the first 3 minutes after the schedule is switched on.",
)
def slots_kept(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask the table and judge."""
    since = datetime.now(UTC) - _LOOKED_AT
    rows = database.run(
        "slots_recent",
        since=since,
        late_seconds=_LATE_SECONDS,
        cadence=settings.cadence_seconds,
        begins_seconds=_BEGINS_SECONDS,
    )
    return judge_slots(rows[0], settings.slots_fail_count)


SLOT_CHECKS = [slots_kept]
