"""Whether the schedule is switched on, and since when: asked of the Dagster instance."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dagster import DagsterInstance

EVERY_25_SECONDS = "every_25_seconds"

# One state: whether it runs, and when it was switched on, in epoch seconds, if Dagster knows.
State = tuple[bool, float | None]


def is_switched_on(instance: DagsterInstance) -> bool:
    """Say whether the schedule is switched on. One that Dagster has no state of yet is on, as its default says."""
    return any_is_on(_states(instance))


def switched_on_since(instance: DagsterInstance) -> datetime | None:
    """Give when the schedule was last switched on; None while it is off, and where Dagster doesn't know.

    It doesn't before the daemon has met the schedule, nor after "Reset" in the UI: the schedule runs as the code
    declares it, and nobody wrote down since when.
    """
    return latest_start(_states(instance))


def any_is_on(states: Sequence[State]) -> bool:
    """Say whether the schedule is on in any of its states; a code location that was renamed leaves an old one."""
    return not states or any(running for running, _ in states)


def latest_start(states: Iterable[State]) -> datetime | None:
    """Give the latest known moment at which a state that runs was switched on."""
    known = [moment for running, moment in states if running and moment is not None]
    return datetime.fromtimestamp(max(known), UTC) if known else None


def _states(instance: DagsterInstance) -> list[State]:
    return [
        (state.is_running, getattr(state.instigator_data, "start_timestamp", None))
        for state in instance.all_instigator_state()
        if state.instigator_name == EVERY_25_SECONDS
    ]
