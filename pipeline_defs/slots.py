"""The grid of emissions: a slot is an instant whose epoch seconds are a multiple of the cadence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLOT_TAG = "pipeline/slot"

# A minute's tick arms the slots up to the next tick and half a minute beyond it, so that a late tick does no harm.
ARMED_AHEAD = timedelta(seconds=90)

# By then a run that came in time has claimed its slot, however slow the machine. Only then is a slot called missed.
CLOSED_AFTER = timedelta(seconds=30)


def grid(start: datetime, end: datetime, cadence_seconds: int) -> list[datetime]:
    """Give the slots from start to end, both included, in UTC."""
    first = -(-start.timestamp() // cadence_seconds) * cadence_seconds
    count = int((end.timestamp() - first) // cadence_seconds) + 1
    return [datetime.fromtimestamp(first + index * cadence_seconds, UTC) for index in range(count)]


def lateness_allowed(cadence_seconds: int) -> timedelta:
    """Give how late a run may come to its slot: 12 s, and less than half of a cadence shorter than the usual one."""
    return timedelta(seconds=min(12.0, cadence_seconds / 2))


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


@dataclass(frozen=True)
class Books:
    """How far the grid is accounted for: every slot from `switched_on` to `closed_until` has its row."""

    switched_on: datetime
    cadence_seconds: int
    closed_until: datetime

    def closed(self, until: datetime) -> str:
        """Write, as a sensor's cursor, that the books are closed until a moment."""
        return json.dumps(
            {"switched_on": self.switched_on.isoformat(), "cadence": self.cadence_seconds, "closed": until.isoformat()}
        )


def open_books(cursor: str | None, switched_on: datetime, cadence_seconds: int) -> Books:
    """Read how far the grid is accounted for.

    A schedule that was switched on since opens new books: what passed while it was off is nobody's fault. A new cadence
    is a new grid and goes on where the old one was closed.
    """
    try:
        found = json.loads(cursor or "null")
        closed = datetime.fromisoformat(found["closed"])
        same = datetime.fromisoformat(found["switched_on"]) == switched_on
    except (ValueError, TypeError, KeyError):
        return Books(switched_on, cadence_seconds, switched_on)
    return Books(switched_on, cadence_seconds, closed if same else switched_on)
