"""Brings the stream to what is wanted of it, and observes it."""

from datetime import datetime

from dagster import ResourceParam, RunRequest, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import reporting, stream_world
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.reporting import Report
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster
from pipeline_defs.stream_jobs import DECISION_TAG
from pipeline_defs.stream_observation import description, observation
from pipeline_defs.stream_world import Seen
from pipeline_defs.supervision import Decision, decide
from pipeline_defs.supervision.books import turn
from pipeline_defs.supervision.memory import Memory


@sensor(
    job_name="carry_out_decision",
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description=(
        "Decides what to do about the stream, writes every decision that acts and every change of state to the table "
        "`decisions`, has it carried out, and observes users_stream."
    ),
)
def stream_supervisor(
    context: SensorEvaluationContext,
    database: ResourceParam[Database],
    topic: ResourceParam[Topic],
    spark_master: ResourceParam[SparkMaster],
    settings: ResourceParam[Settings],
) -> SensorResult | SkipReason:
    """Look, decide, write down, and request a run if there is something to do."""
    memory = Memory.read(context.cursor)
    try:
        seen = stream_world.look(context.instance, database, topic, spark_master, settings=settings, memory=memory)
        decision, request = _decide(database, seen)
    except PipelineError as error:
        return SkipReason(str(error))
    due = reporting.due(memory.report, decision.state.value, seen.world.now, AT_LEAST_EVERY)
    report = Report(decision.state.value, seen.world.now.isoformat()) if due else memory.report
    return SensorResult(
        run_requests=[request] if request else [],
        skip_reason=None if request else description(seen, decision),
        asset_events=[observation(seen, decision, spark_master.ui_url)] if due else [],
        cursor=seen.memory.reported(report).write(),
    )


def _decide(database: Database, seen: Seen) -> tuple[Decision, RunRequest | None]:
    """Decide, and write down what the books ask for."""
    taken = turn(seen.entries, decide(seen.world), seen.run_at_work, seen.ended_runs)
    for number, outcome in taken.settled.items():
        database.run("decisions_finish", id=number, run_id=None, outcome=outcome, subject=None)
    number = _record(database, taken.decision, seen.world.now) if taken.record else taken.again
    return taken.decision, _request(number) if taken.request and number is not None else None


def _record(database: Database, decision: Decision, now: datetime) -> int:
    values = {
        "decided_at": now,
        "state": decision.state.value,
        "action": decision.action.value,
        "reason": decision.reason,
        "subject": decision.subject,
        "outcome": None if decision.acts else "noted",
    }
    return database.run("decisions_record", **values)[0]["id"]


def _request(number: int) -> RunRequest:
    # Dagster starts no second run with the same key.
    return RunRequest(run_key=f"decision-{number}", tags={DECISION_TAG: str(number)})
