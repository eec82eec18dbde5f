"""The grid of emissions: a slot is an instant whose epoch seconds are a multiple of the cadence."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

SLOT_TAG = "pipeline/slot"

# A minute's tick arms the slots up to the next tick and half a minute beyond it, so that a late tick does no harm.
ARMED_AHEAD = timedelta(seconds=90)


def grid(start: datetime, end: datetime, cadence_seconds: int) -> list[datetime]:
    """Give the slots from start to end, both included, in UTC."""
    first = -(-start.timestamp() // cadence_seconds) * cadence_seconds
    count = int((end.timestamp() - first) // cadence_seconds) + 1
    return [datetime.fromtimestamp(first + index * cadence_seconds, UTC) for index in range(count)]


def on_grid(slot: datetime, cadence_seconds: int) -> bool:
    """Say whether a slot belongs to the grid of a cadence."""
    return slot.timestamp() % cadence_seconds == 0


def lateness_allowed(cadence_seconds: int) -> timedelta:
    """Give how late a run may come to its slot: 12 s, and less than half of a cadence shorter than the usual one."""
    return timedelta(seconds=min(12.0, cadence_seconds / 2))


def fetching_allowed(cadence_seconds: int) -> timedelta:
    """Give how long people may take to come: so long that the latest run is done with it before the next slot."""
    return lateness_allowed(cadence_seconds)


def label(slot: datetime) -> str:
    """Write a slot as it stands in tags and in Kafka headers: ISO 8601 in UTC, whole seconds."""
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_tags(tags: Mapping[str, str]) -> datetime | None:
    """Read the slot of a run from its tags; None for a run that someone launched by hand."""
    text = tags.get(SLOT_TAG)
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def error_milliseconds(slot: datetime, instant: datetime) -> float:
    """Give how far an instant lies behind its slot, in milliseconds; negative means too early."""
    return (instant - slot) / timedelta(milliseconds=1)
