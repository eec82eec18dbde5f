"""Starts that failed: how many, when the next one may be made, and when to give up.

The Spark master restarts a failing driver every few seconds under one id, for ever. Only the drivers' own records show
that. A start that failed by an error of its own counts in full; one that was ended from outside (its process killed,
its JVM, its session of PostgreSQL or Kafka gone) counts a third: faults of a machine pass, faults of the code don't.
One that was refused, because the stream is not wanted or another driver holds the lease, counts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_ENDED_FROM_OUTSIDE = 1 / 3


@dataclass(frozen=True)
class DriverStart:
    """A driver's own record of a start.

    Attributes:
        started_at: when.
        driver_id: the master's id of the driver.
        application_id: None until Spark was up.
        code_version: what it was submitted with; None until Spark was up.
        outcome: `refused`, `stopped`, `failed` by an error of its own, `lost` by one from outside; None while it runs,
            or if it died without a word.
    """

    started_at: datetime
    driver_id: str | None = None
    application_id: str | None = None
    code_version: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class OwnStart:
    """A start or restart of the supervisor: when it was decided, and the driver that came of it, if one did."""

    at: datetime
    driver_id: str | None = None


def failures(starts: Sequence[DriverStart], own: Sequence[OwnStart], since: datetime) -> float:
    """Count the starts that failed since a moment. Both sequences stand oldest first.

    A start of the supervisor counts too if another had to follow and its driver never wrote a word: such a driver
    fails before it can.
    """
    tried = [start for start in starts if start.outcome != "refused"]
    # The newest one may wait for the lease, which one before it still holds.
    waits = bool(tried) and tried[-1].outcome is None and tried[-1].application_id is None
    count = 0.0
    for number, start in enumerate(tried):
        died_silently = start.outcome is None and number + 1 < len(tried) - waits
        if start.started_at < since:
            continue
        if start.outcome == "failed":
            count += 1
        elif start.outcome == "lost" or died_silently:
            count += _ENDED_FROM_OUTSIDE
    wrote = {start.driver_id for start in starts}
    mute = [each for each in own[:-1] if each.at >= since and each.driver_id and each.driver_id not in wrote]
    return count + len(mute)


def next_start(own: Sequence[OwnStart], since: datetime, first: timedelta, longest: timedelta) -> datetime | None:
    """Give from when on the next start may be made; None for at once. The pause doubles with each start."""
    counted = [start for start in own if start.at >= since]
    if not counted:
        return None
    return counted[-1].at + min(first * 2 ** (len(counted) - 1), longest)
