"""Closes the books of the grid, so that every slot gets its row."""

from datetime import UTC, datetime, timedelta

from dagster import ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import slot_books
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.schedule_state import is_switched_on, switched_on_since
from pipeline_defs.sensors.common import RUNNING
from pipeline_defs.settings import Settings
from pipeline_defs.slot_books import Stretch

# A claim is settled within half a minute; after two its run is dead.
_CLAIM_IS_DEAD_AFTER = timedelta(minutes=2)


@sensor(
    minimum_interval_seconds=30,
    default_status=RUNNING,
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


def _close(database: Database, stretch: Stretch) -> int:
    values = {"from": stretch.start, "to": stretch.end, "cadence": stretch.cadence_seconds}
    return database.run("slots_close", **values)[0]["missed"]
