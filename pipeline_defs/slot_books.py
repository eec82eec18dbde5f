"""The books of the grid: which stretch of it is to be closed next, so that every slot gets its row."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# By then a run that came in time has claimed its slot, however slow the machine. Only then is a slot called missed.
CLOSED_AFTER = timedelta(seconds=30)

# After a long absence the books are closed day by day, so that each step fits into its time limit.
_AT_MOST = timedelta(days=1)

_NO_BOOKS = json.dumps({"off": True})


@dataclass(frozen=True)
class Stretch:
    """A part of the grid whose unclaimed slots were missed. Both ends are included."""

    start: datetime
    end: datetime
    cadence_seconds: int


@dataclass(frozen=True)
class Books:
    """One time during which the schedule is on, with one cadence.

    Attributes:
        switched_on: when the schedule was switched on; None where Dagster doesn't know.
        cadence_seconds: the grid.
        closed_until: every slot until then has its row.
        seen_on: when the schedule was last seen on with this cadence.
        ended: when it was first seen otherwise; None while it goes on.
    """

    switched_on: datetime | None
    cadence_seconds: int
    closed_until: datetime
    seen_on: datetime
    ended: datetime | None = None


def next_step(
    books: Books | None, *, on: bool, since: datetime | None, now: datetime, cadence_seconds: int
) -> tuple[Stretch | None, Books | None]:
    """Say which stretch to close now, and what the books are after that.

    A time that has ended is closed up to its end, on its own grid, before the next one opens. What passes while the
    schedule is off is nobody's fault.

    Args:
        books: what was remembered; None while the schedule was off.
        on: whether the schedule is on.
        since: since when, if Dagster knows; otherwise books open at the moment it is first seen on.
        now: the moment of the look.
        cadence_seconds: the present grid.
    """
    if books is None:
        return None, Books(since, cadence_seconds, since or now, now) if on else None
    ended = books.ended or (_changed(books, since, now, cadence_seconds) if on else now)
    goal = max(books.closed_until, ended or now - CLOSED_AFTER)
    until = min(goal, books.closed_until + _AT_MOST)
    stretch = Stretch(books.closed_until, until, books.cadence_seconds)
    if ended is None:
        return stretch, replace(books, switched_on=since or books.switched_on, closed_until=until, seen_on=now)
    if until < goal:
        return stretch, replace(books, closed_until=until, ended=ended)
    if not on:
        return stretch, None
    same = since is not None and since == books.switched_on
    return stretch, Books(since, cadence_seconds, ended if same else since or now, now)


def _changed(books: Books, since: datetime | None, now: datetime, cadence_seconds: int) -> datetime | None:
    if since and books.switched_on and since != books.switched_on:
        # It was off for a moment that nobody saw.
        return books.seen_on
    return now if cadence_seconds != books.cadence_seconds else None


def read_cursor(cursor: str | None) -> Books | None:
    """Read the books from a sensor's cursor; None from an empty or foreign one, and from one that says off."""
    try:
        found = json.loads(cursor or "null")
        return Books(
            switched_on=_moment(found["switched_on"]),
            cadence_seconds=int(found["cadence"]),
            closed_until=datetime.fromisoformat(found["closed"]),
            seen_on=datetime.fromisoformat(found["seen"]),
            ended=_moment(found["ended"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def write_cursor(books: Books | None) -> str:
    """Write the books as a sensor's cursor; None means that the schedule is off."""
    if books is None:
        return _NO_BOOKS
    return json.dumps(
        {
            "switched_on": books.switched_on and books.switched_on.isoformat(),
            "cadence": books.cadence_seconds,
            "closed": books.closed_until.isoformat(),
            "seen": books.seen_on.isoformat(),
            "ended": books.ended and books.ended.isoformat(),
        }
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
