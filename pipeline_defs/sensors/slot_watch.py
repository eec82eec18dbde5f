"""Closes the books of the grid, so that every slot gets its row."""

import json
from datetime import UTC, datetime, timedelta

from dagster import AssetCheckEvaluation, ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import reporting, slot_books
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.reporting import Report
from pipeline_defs.schedule_state import is_switched_on, switched_on_since
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING, outcome_of
from pipeline_defs.settings import Settings
from pipeline_defs.slot_books import Books, Stretch
from pipeline_defs.slot_checks import slots_kept

# A claim is settled within half a minute; after two its run is dead.
_CLAIM_IS_DEAD_AFTER = timedelta(minutes=2)


@sensor(
    minimum_interval_seconds=30,
    default_status=RUNNING,
    description=(
        "Closes the books of the grid: slots that no run claimed were missed, claims of dead runs failed. Reports the "
        "check slots_kept."
    ),
)
def slot_watch(
    context: SensorEvaluationContext, database: ResourceParam[Database], settings: ResourceParam[Settings]
) -> SensorResult | SkipReason:
    """Account for every slot while the schedule is on, and remember how far that got."""
    now = datetime.now(UTC)
    books_before, reports = _read(context.cursor)
    try:
        given_up = database.run("slots_give_up", before=now - _CLAIM_IS_DEAD_AFTER)[0]["given_up"]
        on = is_switched_on(context.instance)
        stretch, books = slot_books.next_step(
            books_before,
            on=on,
            since=switched_on_since(context.instance),
            now=now,
            cadence_seconds=settings.cadence_seconds,
        )
        missed = _close(database, stretch) if stretch else 0
    except PipelineError as error:
        return SkipReason(str(error))
    report, events = _report(database, settings, reports, now)
    return SensorResult(
        cursor=_write(books, report),
        asset_events=events,
        skip_reason=f"The schedule is {'on' if on else 'off'}; {missed} slots were missed, "
        f"{given_up} claims of dead runs given up.",
    )


def _report(
    database: Database, settings: Settings, last: Report | None, now: datetime
) -> tuple[Report | None, list[AssetCheckEvaluation]]:
    """Report slots that were missed, failed or late: on a change, and once a minute."""
    result = slots_kept(database, settings)
    outcome = f"{outcome_of(result)}: {result.description}"
    if not reporting.due(last, outcome, now, AT_LEAST_EVERY):
        return last, []
    return Report(outcome, now.isoformat()), [slots_kept.evaluation(result)]


def _read(cursor: str | None) -> tuple[Books | None, Report | None]:
    """Read the books and the last report; books alone are what an earlier version wrote."""
    try:
        found = json.loads(cursor or "{}")
        return slot_books.read_cursor(found["books"]), reporting.read_cursor(found["report"]).get("slots_kept")
    except (ValueError, TypeError, KeyError):
        return slot_books.read_cursor(cursor), None


def _write(books: Books | None, report: Report | None) -> str:
    reports = {"slots_kept": report} if report else {}
    return json.dumps({"books": slot_books.write_cursor(books), "report": reporting.write_cursor(reports)})


def _close(database: Database, stretch: Stretch) -> int:
    values = {"from": stretch.start, "to": stretch.end, "cadence": stretch.cadence_seconds}
    return database.run("slots_close", **values)[0]["missed"]
