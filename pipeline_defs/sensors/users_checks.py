"""Evaluates the asset checks unasked."""

from collections.abc import Callable
from datetime import UTC, datetime

from dagster import AssetCheckResult, ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import checks, reporting, stream_checks
from pipeline_defs.database import Database
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.reporting import Report
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING, outcome_of
from pipeline_defs.settings import Settings


@sensor(
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description="Evaluates the checks of topic, stream and table, and reports them on a change, and once a minute.",
)
def users_checks(
    context: SensorEvaluationContext,
    database: ResourceParam[Database],
    topic: ResourceParam[Topic],
    settings: ResourceParam[Settings],
) -> SensorResult | SkipReason:
    """Judge everything, report what changed or was not reported for a while."""
    now = datetime.now(UTC)
    reports = reporting.read_cursor(context.cursor)
    events = []
    for (asset, name), look in _looks(database, topic, settings).items():
        last = reports.get(name)
        if last and name in checks.DEAR and not reporting.due(last, last.outcome, now, AT_LEAST_EVERY):
            continue
        result = look()
        outcome = outcome_of(result)
        if reporting.due(last, outcome, now, AT_LEAST_EVERY):
            events.append(checks.evaluation(asset, name, result))
            reports[name] = Report(outcome, now.isoformat())
    if not events:
        return SkipReason("No check has changed.")
    return SensorResult(
        skip_reason=f"{len(events)} results reported.", asset_events=events, cursor=reporting.write_cursor(reports)
    )


def _looks(
    database: Database, topic: Topic, settings: Settings
) -> dict[tuple[str, str], Callable[[], AssetCheckResult]]:
    return {**checks.looks(database, topic, settings), **stream_checks.looks(database, topic, settings)}
