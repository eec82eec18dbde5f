"""Evaluates the asset checks unasked."""

from datetime import UTC, datetime

from dagster import ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import reporting
from pipeline_defs.asset_check import looked
from pipeline_defs.checks import CHECKS, DEAR
from pipeline_defs.database import Database
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.reporting import Report
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING, outcome_of
from pipeline_defs.settings import Settings
from pipeline_defs.stream_checks import STREAM_CHECKS


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
    resources = {"database": database, "topic": topic, "settings": settings}
    for check in (*CHECKS, *STREAM_CHECKS):
        last = reports.get(check.name)
        if last and check in DEAR and not reporting.due(last, last.outcome, now, AT_LEAST_EVERY):
            continue
        result = looked(check, resources)
        outcome = outcome_of(result)
        if reporting.due(last, outcome, now, AT_LEAST_EVERY):
            events.append(check.evaluation(result))
            reports[check.name] = Report(outcome, now.isoformat())
    if not events:
        return SkipReason("No check has changed.")
    return SensorResult(
        skip_reason=f"{len(events)} results reported.", asset_events=events, cursor=reporting.write_cursor(reports)
    )
