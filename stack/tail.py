"""`pipeline tail`: the rows of `users`, a line each, as they land."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from stack import passwords, site, tables
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor

_EVERY_SECONDS = 1.0
_MOST = 1000

# Ids are given before the commit, so a lower one may land after a higher one: that far behind is looked once more.
_LATE = 1000

Rows = Callable[..., list[dict[str, Any]]]


def follow(settings: Settings, lines: int) -> Iterator[str]:
    """Give the last rows, then each new one, without an end.

    Raises:
        NotRunningError: the stack doesn't run.
        StackError: the database does not answer.
    """
    state = State(settings.state)
    Supervisor(state).must_answer()
    here = site.locate(settings)
    password = passwords.load(state.passwords)["pipeline"]
    looks = landed(lambda statement, **values: tables.rows(here, password, statement, **values), lines)
    for rows in looks:
        yield from map(line, rows)
        if len(rows) < _MOST:
            time.sleep(_EVERY_SECONDS)


def landed(rows: Rows, lines: int) -> Iterator[list[dict[str, Any]]]:
    """Give what landed at each look, every row once; the first look gives the last `lines` rows."""
    after = start = rows("tail_start", lines=lines)[0]["id"]
    seen: set[int] = set()
    while True:
        found = rows("tail_rows", after=after, seen=sorted(seen), most=_MOST)
        yield found
        seen |= {row["id"] for row in found}
        after = max(start, max(seen, default=0) - _LATE)
        seen = {each for each in seen if each > after}


def line(row: dict[str, Any]) -> str:
    """Give one row as a line of a terminal."""
    moment = f"{row['ingested_at']:%H:%M:%S}" if row["ingested_at"] else "before"
    place = "-" if row["kafka_offset"] is None else f"{row['kafka_partition']}/{row['kafka_offset']}"
    return f"{moment:<8}  {row['id']:>7}  {place:>10}  {row['name']}, {row['country']}, {row['email']}"
