"""When runs begin: the 25-second grid, pre-armed, and the daily pruning."""

from datetime import UTC, datetime

from dagster import (
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
from pipeline_defs.jobs import produce_random_users, prune_history
from pipeline_defs.schedule_state import EVERY_25_SECONDS
from pipeline_defs.settings import Settings


@schedule(
    name=EVERY_25_SECONDS,
    cron_schedule="* * * * *",
    job=produce_random_users,
    default_status=DefaultScheduleStatus.RUNNING,
    description=(
        "Each minute, arms a run for every slot of the next 90 s that has none. A run waits for its slot, so people "
        "are sent on the grid to the millisecond, however slowly runs start. Switching this off also ends the runs "
        "that wait."
    ),
)
def every_25_seconds(
    context: ScheduleEvaluationContext, settings: ResourceParam[Settings]
) -> list[RunRequest] | SkipReason:
    """Request a run for each slot ahead that has none. The slot's claim in the database has the last word."""
    now = datetime.now(UTC)
    ahead = slots.grid(now, context.scheduled_execution_time + slots.ARMED_AHEAD, settings.cadence_seconds)
    labels = [slots.label(slot) for slot in ahead]
    runs = context.instance.get_runs(RunsFilter(tags={slots.SLOT_TAG: labels})) if labels else []
    armed = {run.tags[slots.SLOT_TAG] for run in runs}
    requests = [RunRequest(run_key=label, tags={slots.SLOT_TAG: label}) for label in labels if label not in armed]
    return requests or SkipReason("Every slot of the next 90 s has its run.")


every_night = ScheduleDefinition(
    name="prune_history_daily",
    cron_schedule="40 3 * * *",
    job=prune_history,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Prunes history while nobody looks.",
)

SCHEDULES = [every_25_seconds, every_night]
