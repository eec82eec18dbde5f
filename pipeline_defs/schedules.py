"""When runs begin: the grid of slots, pre-armed, and the daily pruning."""

from datetime import UTC, datetime

from dagster import (
    DagsterInstance,
    DefaultScheduleStatus,
    ResourceParam,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from pipeline_defs import slots
from pipeline_defs.database import Database, DatabaseError
from pipeline_defs.jobs import produce_random_users, prune_history
from pipeline_defs.run_states import UNFINISHED
from pipeline_defs.schedule_state import EVERY_25_SECONDS
from pipeline_defs.settings import Settings


@schedule(
    name=EVERY_25_SECONDS,
    cron_schedule="* * * * *",
    job=produce_random_users,
    default_status=DefaultScheduleStatus.RUNNING,
    description=(
        "Each minute, arms a run for every slot of the next 90 s that has none. A run waits for its slot, so people "
        "are sent on the grid to the millisecond if the run is up by then. Switching this off also ends the runs "
        "that wait. CADENCE_SECONDS says how many seconds lie between slots; the name tells the default."
    ),
)
def every_25_seconds(
    context: ScheduleEvaluationContext, settings: ResourceParam[Settings], database: ResourceParam[Database]
) -> list[RunRequest] | SkipReason:
    """Request a run for each slot ahead that needs one. The slot's claim in the database has the last word."""
    now, scheduled = datetime.now(UTC), context.scheduled_execution_time
    ahead = slots.grid(now, scheduled + slots.ARMED_AHEAD, settings.cadence_seconds)
    armed = _with_a_run(context.instance, ahead)
    # Runs are read first: one that ends in between has its slot's row by then.
    try:
        armed |= {slots.label(row["slot"]) for row in database.run("slots_taken", slots=ahead)}
    except DatabaseError as error:
        context.log.warning(f"Slots are armed by their runs alone. {error}")
    # Dagster starts no second run with the same key, and a slot whose run ended when the schedule was off needs one.
    requests = [
        RunRequest(run_key=f"{label} armed {slots.label(scheduled)}", tags={slots.SLOT_TAG: label})
        for label in map(slots.label, ahead)
        if label not in armed
    ]
    return requests or SkipReason("Every slot of the next 90 s has its run.")


def _with_a_run(instance: DagsterInstance, ahead: list[datetime]) -> set[str]:
    tags = {slots.SLOT_TAG: [slots.label(slot) for slot in ahead]}
    runs = instance.get_runs(RunsFilter(tags=tags, statuses=UNFINISHED)) if ahead else []
    return {run.tags[slots.SLOT_TAG] for run in runs}


every_night = ScheduleDefinition(
    name="prune_history_daily",
    cron_schedule="40 3 * * *",
    job=prune_history,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Prunes history while nobody looks.",
)

SCHEDULES = [every_25_seconds, every_night]
