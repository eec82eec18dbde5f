"""Evaluates the asset checks unasked."""

from datetime import UTC, datetime

from dagster import ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import checks, reporting
from pipeline_defs.database import Database
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.reporting import Report
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING
from pipeline_defs.settings import Settings


@sensor(
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description="Evaluates every asset check and reports results: at once on a change, and at least once a minute.",
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
    for (asset, name), look in checks.looks(database, topic, settings).items():
        last = reports.get(name)
        if last and name in checks.DEAR and not reporting.due(last, last.outcome, now, AT_LEAST_EVERY):
            continue
        result = look()
        outcome = "passed" if result.passed else str(result.severity.value)
        if reporting.due(last, outcome, now, AT_LEAST_EVERY):
            events.append(checks.evaluation(asset, name, result))
            reports[name] = Report(outcome, now.isoformat())
    if not events:
        return SkipReason("No check has changed.")
    return SensorResult(
        skip_reason=f"{len(events)} results reported.", asset_events=events, cursor=reporting.write_cursor(reports)
    )
