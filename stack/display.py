"""How a terminal shows a start or a stop: a live table; and plain lines where the output is not a terminal."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_STYLES = {
    "waiting": "dim",
    "starting": "yellow",
    "well": "green",
    "failed": "bold red",
    "stopping": "yellow",
    "stopped": "dim",
}


@dataclass
class Row:
    """What the board shows of one component."""

    state: str = "waiting"
    note: str = ""
    began: float = 0.0
    seconds: float | None = None


@dataclass
class Board:
    """The state and time of each component, shown as it changes. Threads may write to it."""

    console: Console
    names: Sequence[str]
    rows: dict[str, Row] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.rows = {name: Row() for name in self.names}

    def set(self, name: str, state: str, note: str = "") -> None:
        """Change the state of a component."""
        with self._lock:
            row, now = self.rows[name], time.monotonic()
            if row.state != state:
                if state in ("starting", "stopping"):
                    row.began, row.seconds = now, None
                elif row.began:
                    row.seconds = now - row.began
            changed, row.state, row.note = row.state != state, state, note
            if changed and not self.console.is_terminal:
                took = f" after {row.seconds:.1f} s" if row.seconds is not None else ""
                self.console.print(
                    f"{name:<20} {state}{took}{f': {note}' if note else ''}", soft_wrap=True, highlight=False
                )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the board live for as long as the context lasts, where there is a terminal."""
        if not self.console.is_terminal:
            yield
            return
        with Live(get_renderable=self._table, console=self.console, refresh_per_second=4):
            yield

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        now = time.monotonic()
        for name, row in self.rows.items():
            seconds = row.seconds if row.seconds is not None else (now - row.began if row.began else None)
            table.add_row(
                name,
                Text(row.state, style=_STYLES.get(row.state, "")),
                f"{seconds:.1f} s" if seconds is not None else "",
                Text(row.note, style="dim", overflow="ellipsis", no_wrap=True),
            )
        return table
