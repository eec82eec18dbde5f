"""The sensors, thin: each reads the world within time limits, asks a pure module what it means, and reports."""

from datetime import UTC, datetime, timedelta

from dagster import (
    AssetMaterialization,
    AssetObservation,
    DefaultSensorStatus,
    MetadataValue,
    ResourceParam,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from pipeline_defs import checks, observation, reporting, slot_books
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.jobs import DECISION_TAG
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.reporting import Report
from pipeline_defs.schedule_state import is_switched_on, switched_on_since
from pipeline_defs.settings import Settings
from pipeline_defs.slot_books import Stretch
from pipeline_defs.spark_master import SparkMaster
from pipeline_defs.supervision import Decision, World, decide

_RUNNING = DefaultSensorStatus.RUNNING
# With a look every 15 s, this makes at least one report a minute.
_AT_LEAST_EVERY = timedelta(seconds=45)
# A claim is settled within half a minute; after two its run is dead.
_CLAIM_IS_DEAD_AFTER = timedelta(minutes=2)


@sensor(
    job_name="start_stream",
    minimum_interval_seconds=15,
    default_status=_RUNNING,
    description="Starts the stream when it is wanted and not there, and observes users_stream: state and reason.",
)
def stream_supervisor(
    context: SensorEvaluationContext, database: ResourceParam[Database], spark_master: ResourceParam[SparkMaster]
) -> SensorResult | SkipReason:
    """Read what is wanted and what is there; request a start if that is the decision."""
    try:
        world = observation.world(context.instance, database, spark_master)
        decision = decide(world)
        requests = [_start(database, decision)] if decision.acts else []
    except PipelineError as error:
        return SkipReason(str(error))
    reports = reporting.read_cursor(context.cursor)
    outcome = f"{decision.state}: {decision.reason}"
    if not reporting.due(reports.get("stream"), outcome, world.now, _AT_LEAST_EVERY) and not requests:
        return SkipReason(outcome)
    reports["stream"] = Report(outcome, world.now.isoformat())
    return SensorResult(
        run_requests=requests,
        skip_reason=None if requests else outcome,
        asset_events=[_observation(world, decision, spark_master)],
        cursor=reporting.write_cursor(reports),
    )


@sensor(
    minimum_interval_seconds=15,
    default_status=_RUNNING,
    description="Reports users as materialized when the ledger advanced: counts, lag, latency of the new rows.",
)
def users_observer(
    context: SensorEvaluationContext, database: ResourceParam[Database], topic: ResourceParam[Topic]
) -> SensorResult | SkipReason:
    """Compare the ledger with the last report."""
    try:
        seen = observation.users(database, topic, context.cursor)
    except PipelineError as error:
        return SkipReason(str(error))
    if seen is None:
        return SkipReason("The ledger has not advanced.")
    metadata, cursor = seen
    return SensorResult(
        skip_reason=f"{metadata['new_rows']} new rows reported.",
        asset_events=[AssetMaterialization("users", metadata=metadata)],
        cursor=cursor,
    )


@sensor(
    minimum_interval_seconds=15,
    default_status=_RUNNING,
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
    for (asset, name), result in checks.results_now(database, topic, settings).items():
        outcome = "passed" if result.passed else str(result.severity.value)
        if reporting.due(reports.get(name), outcome, now, _AT_LEAST_EVERY):
            events.append(checks.evaluation(asset, name, result))
            reports[name] = Report(outcome, now.isoformat())
    if not events:
        return SkipReason("No check has changed.")
    return SensorResult(
        skip_reason=f"{len(events)} results reported.", asset_events=events, cursor=reporting.write_cursor(reports)
    )


@sensor(
    minimum_interval_seconds=30,
    default_status=_RUNNING,
    description="Closes the books of the grid: slots that no run claimed were missed, claims of dead runs failed.",
)
def slot_watch(
    context: SensorEvaluationContext, database: ResourceParam[Database], settings: ResourceParam[Settings]
) -> SensorResult | SkipReason:
    """Account for every slot while the schedule is on, and remember how far that got."""
    now = datetime.now(UTC)
    try:
        given_up = database.run("slots_give_up", before=now - _CLAIM_IS_DEAD_AFTER)[0]["given_up"]
        on = is_switched_on(context.instance)
        stretch, books = slot_books.next_step(
            slot_books.read_cursor(context.cursor),
            on=on,
            since=switched_on_since(context.instance),
            now=now,
            cadence_seconds=settings.cadence_seconds,
        )
        missed = _close(database, stretch) if stretch else 0
    except PipelineError as error:
        return SkipReason(str(error))
    return SensorResult(
        cursor=slot_books.write_cursor(books),
        skip_reason=f"The schedule is {'on' if on else 'off'}; {missed} slots were missed, "
        f"{given_up} claims of dead runs given up.",
    )


SENSORS = [stream_supervisor, users_observer, users_checks, slot_watch]


def _close(database: Database, stretch: Stretch) -> int:
    values = {"from": stretch.start, "to": stretch.end, "cadence": stretch.cadence_seconds}
    return database.run("slots_close", **values)[0]["missed"]


def _start(database: Database, decision: Decision) -> RunRequest:
    values = {"state": decision.state.value, "action": decision.action.value, "reason": decision.reason}
    number = str(database.run("decisions_record", **values)[0]["id"])
    return RunRequest(run_key=f"decision-{number}", tags={DECISION_TAG: number})


def _observation(world: World, decision: Decision, master: SparkMaster) -> AssetObservation:
    cluster, progress = world.cluster, world.progress
    return AssetObservation(
        "users_stream",
        description=f"{decision.state}: {decision.reason}",
        metadata={
            "state": decision.state.value,
            "reason": decision.reason,
            "action": decision.action.value,
            "wanted": f"{world.wanted}, by {world.changed_by}",
            "applications": MetadataValue.json([app.id for app in world.applications]),
            "drivers": MetadataValue.json([f"{driver.id} on {driver.worker}" for driver in world.drivers]),
            "workers_alive": cluster.workers_alive if cluster else 0,
            "heartbeat": MetadataValue.timestamp(progress.heartbeat_at) if progress else MetadataValue.null(),
            "spark_master": MetadataValue.url(master.ui_url),
        },
    )
