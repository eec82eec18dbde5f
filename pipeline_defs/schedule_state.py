"""Whether the schedule is switched on, and since when: asked of the Dagster instance."""

from datetime import UTC, datetime

from dagster import DagsterInstance

EVERY_25_SECONDS = "every_25_seconds"


def switched_on_since(instance: DagsterInstance) -> datetime | None:
    """Give when the schedule was last switched on; None while it is off, or before the daemon has ever seen it.

    A schedule that is on by default gets its state, with the moment, when the daemon first meets it.
    """
    moments = [
        state.instigator_data.start_timestamp  # type: ignore[union-attr]
        for state in instance.all_instigator_state()
        if state.instigator_name == EVERY_25_SECONDS and state.is_running
    ]
    known = [moment for moment in moments if moment is not None]
    return datetime.fromtimestamp(max(known), UTC) if known else None
