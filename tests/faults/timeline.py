"""When a fault was noticed and acted on, and when rows came again: read afterwards from what the pipeline wrote."""

from dataclasses import dataclass
from datetime import datetime

from pipeline_defs.supervision.states import ACTING, HEALTHY
from tests.integration import stream
from tests.integration.stack import Stack

# Where a batch of three transactions is struck, one of them may still commit: rows are back after the longest pause.
_NEXT_ROW = """
SELECT at FROM (
    SELECT
        ingested_at AS at,
        ingested_at - lag(ingested_at, 1, %(struck_at)s::TIMESTAMPTZ) OVER (ORDER BY ingested_at) AS pause
    FROM users WHERE id > %(last_id)s AND ingested_at BETWEEN %(struck_at)s AND %(recovered_at)s
) AS rows
ORDER BY pause DESC LIMIT 1
"""
_DECISIONS = (
    "SELECT decided_at AS at, action, reason, state FROM decisions WHERE decided_at > %(struck_at)s ORDER BY id"
)
_STARTS = "SELECT started_at AS at FROM driver_starts WHERE started_at > %(struck_at)s ORDER BY id"


@dataclass(frozen=True)
class Timeline:
    """Seconds from the fault; None where nothing of the kind happened. `wrong` quotes decisions that were not right."""

    noticed: float | None
    acted: float | None
    next_row: float | None
    wrong: tuple[str, ...]


def read(stack: Stack, struck_at: datetime, recovered_at: datetime, last_id: int, rightly: frozenset[str]) -> Timeline:
    """Read what was written down from the fault until all of the load was consumed, or until now."""
    decisions = stack.query(_DECISIONS, struck_at=struck_at)
    noticed = [seen.at for seen in stream.observations(stack, struck_at) if seen.metadata["state"] not in HEALTHY]
    noticed += [row["at"] for row in decisions if row["state"] not in HEALTHY]
    actions = [row for row in decisions if row["action"] in ACTING]
    acted = [row["at"] for row in [*actions, *stack.query(_STARTS, struck_at=struck_at)]]
    rows = stack.query(_NEXT_ROW, last_id=last_id, struck_at=struck_at, recovered_at=recovered_at)

    def seconds(moments: list[datetime]) -> float | None:
        return min(((moment - struck_at).total_seconds() for moment in moments), default=None)

    return Timeline(
        noticed=seconds(noticed),
        acted=seconds(acted),
        next_row=seconds([row["at"] for row in rows]),
        wrong=tuple(f"{row['action']}: {row['reason']}" for row in actions if row["action"] not in rightly),
    )
