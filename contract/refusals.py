"""When a table refuses row after row, the table is at fault: a circuit breaker."""

from collections import deque
from collections.abc import Iterable
from itertools import repeat

_IN_A_ROW = 10
_LAST = 20

Outcome = str | None  # of a row that reached the table: what refused it, None where it was taken


class TableFault(Exception):  # noqa: N818 - what it is: no record's error
    """The table refuses what it should take, and no record is to blame. The text says what to mend."""

    @classmethod
    def of(cls, table: str, reason: str) -> "TableFault":
        """Return the fault with what to do about it."""
        return cls(
            f"The table {table} is at fault, and no record: {reason}. Mend the table; the stream goes on from the "
            "ledger, and the job replay_rejected brings back what was rejected before."
        )


class Refusals:
    """What became of the last rows that reached a table, over batches and partitions.

    Args:
        table: its name, for the fault's sentence.
        last: outcomes of the rows before, oldest first.
    """

    def __init__(self, table: str, last: Iterable[Outcome] = ()) -> None:
        self._table = table
        self._last: deque[Outcome] = deque(last, _LAST)
        self._new: deque[Outcome] = deque(maxlen=_LAST)

    @property
    def last(self) -> tuple[Outcome, ...]:
        """The newest outcomes, oldest first, twenty at most."""
        return tuple(self._last)

    @property
    def new(self) -> tuple[Outcome, ...]:
        """Those that came since this was made, twenty at most."""
        return tuple(self._new)

    def accept(self, rows: int) -> None:
        """Count rows that the table took."""
        self._add(repeat(None, min(rows, _LAST)))

    def refuse(self, constraint: str, message: str) -> None:
        """Count a row that a constraint refused.

        Raises:
            TableFault: it refused 10 in a row, or more than half of the last 20.
        """
        self._add([constraint])
        newest = list(self._last)
        in_a_row = newest[-_IN_A_ROW:] == [constraint] * _IN_A_ROW
        if in_a_row or (len(newest) == _LAST and newest.count(constraint) > _LAST // 2):
            refused = newest.count(constraint)
            raise TableFault.of(
                self._table, f"{refused} of the last {len(newest)} rows were refused. {message} ({constraint})"
            )

    def carry_on(self, outcomes: Iterable[Outcome]) -> None:
        """Count what tasks say of the rows that they wrote.

        Raises:
            TableFault: as refuse().
        """
        for outcome in outcomes:
            if outcome is None:
                self.accept(1)
            else:
                self.refuse(outcome, "See rejected_records for the sentence of each")

    def _add(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._last.append(outcome)
            self._new.append(outcome)
