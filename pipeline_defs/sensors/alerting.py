"""Tells people of failures and recoveries, where a webhook is configured."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dagster import AssetCheckKey as CheckKey
from dagster import (
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    ResourceParam,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from pipeline_defs import alerts, webhook
from pipeline_defs.alerts import Alert, Seen
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.sensors.common import RUNNING
from pipeline_defs.settings import Settings

# The supervisor acts before a check turns red.
_BEFORE = timedelta(minutes=5)
# Dagster gives a look a minute, and forgets what it told if it takes longer; an alert may take 10 s.
_AT_MOST = 3


@sensor(
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description=(
        "Posts to ALERT_WEBHOOK_URL, in Slack's format, when a watched check fails and when it is well again: once "
        "each. Without that setting it does nothing."
    ),
)
def alerting(
    context: SensorEvaluationContext, database: ResourceParam[Database], settings: ResourceParam[Settings]
) -> SensorResult | SkipReason:
    """Compare the newest results with what was told."""
    if settings.alert_webhook_url is None:
        return SkipReason("ALERT_WEBHOOK_URL is not set.")
    told = alerts.read_cursor(context.cursor)
    sent = []
    problem = None
    for alert in alerts.alerts(told, list(_results(context)))[:_AT_MOST]:
        try:
            webhook.post(
                settings.alert_webhook_url, alerts.text(alert, _tried(database, alert), settings.dagster_ui_url)
            )
        except PipelineError as error:
            # The next look tries again; the others would have to wait as long.
            context.log.error(str(error))
            problem = str(error)
            break
        told = alerts.after(told, alert)
        sent.append(alert.seen.check)
    return SensorResult(
        skip_reason=problem or (f"Told of {', '.join(sent)}." if sent else "Nothing new to tell."),
        cursor=alerts.write_cursor(told),
    )


def _results(context: SensorEvaluationContext) -> Iterator[Seen]:
    """Give the newest result of each watched check of this code location."""
    repository = context.repository_def
    keys = repository.asset_graph.asset_check_keys if repository else ()
    for key in sorted(keys, key=str):
        if key.name in alerts.WATCHED and (seen := _newest(context.instance, key)):
            yield seen


def _newest(instance: DagsterInstance, key: CheckKey) -> Seen | None:
    record = instance.get_latest_asset_check_evaluation_record(key)
    event = record.event if record else None
    evaluation = event.asset_check_evaluation if event else None
    if event is None or evaluation is None:
        return None
    failed = "failed" if evaluation.severity is AssetCheckSeverity.ERROR else "warned"
    return Seen(
        asset=AssetKey(key.asset_key.path).to_user_string(),
        check=key.name,
        outcome="passed" if evaluation.passed else failed,
        says=evaluation.description or "",
        at=datetime.fromtimestamp(event.timestamp, UTC),
    )


def _tried(database: Database, alert: Alert) -> list[str]:
    """Say what the supervisor did about it; nothing where PostgreSQL can't tell."""
    try:
        rows = database.run("decisions_tried", since=alert.since - _BEFORE)
    except PipelineError:
        return []
    return [f"{row['decided_at']:%H:%M:%S} {row['action']} ({row['outcome'] or 'under way'})" for row in rows]
