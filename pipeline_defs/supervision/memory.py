"""What the supervisor keeps from one look to the next, in its sensor's cursor: it outlives Dagster's restarts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline_defs.reporting import Report
from pipeline_defs.supervision.world import Backlog

# After a longer break nothing is known of the time in between.
_BREAK = timedelta(seconds=60)
# The estimate is made from the lag's fall over so long.
_WATCHED = timedelta(seconds=75)


@dataclass(frozen=True)
class Memory:
    """What was seen at the last look.

    Attributes:
        supervisor: the process that looked; another one looks for the first time.
        looked_at: when.
        position: how many records the ledger had consumed.
        waiting_since: since when input waits while the ledger stands still.
        lags: the lag at the last looks, oldest first.
        report: what was last reported.
    """

    supervisor: str | None = None
    looked_at: datetime | None = None
    position: int | None = None
    waiting_since: datetime | None = None
    lags: Sequence[tuple[datetime, int]] = ()
    report: Report | None = None

    def after(self, now: datetime, supervisor: str, position: int, lag: Mapping[int, int] | None) -> "Memory":
        """Give what is to be kept after a look.

        Args:
            now: the moment of the look.
            supervisor: the process that looks.
            position: how many records the ledger has consumed.
            lag: records not consumed, by partition; None where that can't be told.
        """
        watched = self.looked_at is not None and now - self.looked_at <= _BREAK
        records = sum((lag or {}).values())
        stands = watched and position == self.position and self.waiting_since is not None
        lags = [(at, each) for at, each in self.lags if watched and now - at <= _WATCHED]
        return Memory(
            supervisor=supervisor,
            looked_at=now,
            position=position,
            waiting_since=None if not records else self.waiting_since if stands else now,
            lags=tuple(lags) if lag is None else (*lags, (now, records)),
            report=self.report,
        )

    def backlog(self, lag: Mapping[int, int] | None, moved_at: datetime | None) -> Backlog:
        """Give Kafka against the ledger, as it is now and as far as it was watched."""
        return Backlog(None if lag is None else dict(lag), moved_at, self.waiting_since, seconds_to_catch_up(self.lags))

    def reported(self, report: Report | None) -> "Memory":
        """Give this with what was reported now."""
        return replace(self, report=report)

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """Read what was kept; nothing from an empty or foreign cursor."""
        try:
            found = json.loads(cursor or "{}")
            return cls(
                supervisor=found["supervisor"],
                looked_at=_moment(found["looked_at"]),
                position=found["position"],
                waiting_since=_moment(found["waiting_since"]),
                lags=tuple((datetime.fromisoformat(at), int(lag)) for at, lag in found["lags"]),
                report=Report(*found["report"]) if found["report"] else None,
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def write(self) -> str:
        """Write what is to be kept as a cursor."""
        return json.dumps(
            {
                "supervisor": self.supervisor,
                "looked_at": self.looked_at and self.looked_at.isoformat(),
                "position": self.position,
                "waiting_since": self.waiting_since and self.waiting_since.isoformat(),
                "lags": [[at.isoformat(), lag] for at, lag in self.lags],
                "report": self.report and [self.report.outcome, self.report.at],
            }
        )


def seconds_to_catch_up(lags: Sequence[tuple[datetime, int]]) -> float | None:
    """Estimate from the lag's fall when it will be 0; None while it doesn't fall or was seen once only."""
    if len(lags) < 2 or not lags[-1][1]:  # noqa: PLR2004 - two points make a line
        return None
    (first_at, first), (last_at, last) = lags[0], lags[-1]
    seconds = (last_at - first_at).total_seconds()
    return last * seconds / (first - last) if first > last and seconds > 0 else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
