"""The check of the grid: were slots missed, did they fail, were they late."""

from datetime import UTC, datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.asset_check import check_of
from pipeline_defs.database import Database, Row
from pipeline_defs.settings import Settings

_LOOKED_AT = timedelta(minutes=10)
# A run that is up in time sends within a second: it asks the API first, and waits for Kafka.
_LATE_SECONDS = 5


def judge_slots(row: Row, fail_from: int) -> AssetCheckResult:
    """Judge the slots of the last minutes: one that was missed, failed or late is a warning, several a failure."""
    lost = row["missed"] + row["failed"]
    problems = [f"{row[kind]} {kind}" for kind in ("missed", "failed", "late") if row[kind]]
    metadata: dict[str, MetadataValue | int] = {kind: row[kind] for kind in ("slots", "missed", "failed", "late")}
    if row["newest"]:
        metadata["newest_missed_or_failed"] = MetadataValue.timestamp(row["newest"])
    return AssetCheckResult(
        passed=not problems,
        severity=AssetCheckSeverity.ERROR if lost >= fail_from else AssetCheckSeverity.WARN,
        description=f"Of {row['slots']} slots in the last 10 minutes: {', '.join(problems) or 'none missed or late'}.",
        metadata=metadata,
    )


@check_of(
    "random_user_topic",
    "No slot of the last 10 minutes was missed, failed, or sent more than 5 s late; SLOTS_FAIL_COUNT (3) missed or "
    "failed ones are a failure.",
)
def slots_kept(database: Database, settings: Settings) -> AssetCheckResult:
    """Ask the table and judge."""
    since = datetime.now(UTC) - _LOOKED_AT
    rows = database.run("slots_recent", since=since, late_seconds=_LATE_SECONDS)
    return judge_slots(rows[0], settings.slots_fail_count)


SLOT_CHECKS = [slots_kept]
