"""The newest error of a driver, as people read it behind the state of a stream that does not run."""

from dataclasses import dataclass
from datetime import datetime

from pipeline_defs.supervision.states import HEALTHY, State

_MAX_CHARACTERS = 300


@dataclass(frozen=True)
class DriverError:
    """What a driver wrote of itself, if no later one has moved the ledger.

    Attributes:
        last_error: its words; the first line says it all.
        outcome: `failed`, `lost` or `refused`; None where the driver has not ended, and tries on.
        ended_at: when that driver ended; None where it has not.
    """

    last_error: str
    outcome: str | None = None
    ended_at: datetime | None = None

    @property
    def quotation(self) -> str:
        """Its first line, with its moment."""
        if self.ended_at is None:
            return f"Its driver wrote: {self._first_line}"
        verb = "was refused" if self.outcome == "refused" else "ended"
        return f"A driver {verb} at {self.ended_at:%Y-%m-%d %H:%M:%S} UTC: {self._first_line}"

    @property
    def _first_line(self) -> str:
        line = " ".join(next(iter(self.last_error.strip().splitlines()), "").split()).rstrip(".")
        return line if len(line) <= _MAX_CHARACTERS else f"{line[:_MAX_CHARACTERS]}…"


def relevant_error(state: State, error: DriverError | None) -> DriverError | None:
    """Return the error if it belongs to this state: one that is not healthy, or of a driver that tries on."""
    if error is None or state is State.STOPPED_ON_PURPOSE:
        return None
    return error if state not in HEALTHY or error.ended_at is None else None


def with_error(text: str, error: DriverError | None) -> str:
    """Return the text, and behind it the error; neither ends with a full stop."""
    return f"{text}. {error.quotation}" if error else text
