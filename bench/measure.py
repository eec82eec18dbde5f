"""What a run showed, read from the table: how many rows in how many seconds, and how long after Kafka had them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from bench.servers import Servers

# Without a new row for so long, a contender counts as one that does not get there.
_STALLED_SECONDS = 150.0
_POLL_SECONDS = 0.25

_LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM users_id_seq"
_WINDOW = """
SELECT
    count(*),
    extract(epoch FROM min(ingested_at))::DOUBLE PRECISION,
    extract(epoch FROM (
        SELECT ingested_at FROM users WHERE id > %(after)s ORDER BY ingested_at OFFSET %(warm)s - 1 LIMIT 1
    ))::DOUBLE PRECISION,
    extract(epoch FROM max(ingested_at))::DOUBLE PRECISION
FROM users
WHERE id > %(after)s
"""
_SEEN_AT = """
SELECT uuid::TEXT, extract(epoch FROM pg_xact_commit_timestamp(xmin))::DOUBLE PRECISION
FROM users
WHERE id > %(after)s
"""


class StalledError(Exception):
    """A contender did not write what was in the topic."""


@dataclass(frozen=True)
class Window:
    """The warm part of a run, in seconds of the epoch; `rows` are those written in it."""

    began: float
    ended: float
    rows: int
    first_row: float

    @property
    def rows_per_second(self) -> float:
        """Rows in a second."""
        return self.rows / (self.ended - self.began)


def last_id(servers: Servers) -> int:
    """Return the highest id that was handed out: it costs nothing to ask, whatever the table's size."""
    return int(servers.one(_LAST_ID))


def wait_for_rows(servers: Servers, after: int, rows: int) -> None:
    """Wait until so many rows with higher ids than `after` are committed.

    Raises:
        StalledError: for too long no new one came.
    """
    seen, since = -1, monotonic()
    while True:
        # The sequence runs ahead of what is committed, so the rows are counted once it is far enough.
        handed_out = last_id(servers) - after
        if handed_out >= rows and servers.one("SELECT count(*) FROM users WHERE id > %(after)s", after=after) >= rows:
            return
        if handed_out != seen:
            seen, since = handed_out, monotonic()
        if monotonic() - since > _STALLED_SECONDS:
            raise StalledError(f"{handed_out} of {rows} rows, and none in the last {_STALLED_SECONDS:.0f} s.")
        sleep(_POLL_SECONDS)


def window(servers: Servers, after: int, warm: int) -> Window:
    """Return the part of a run after its first `warm` rows."""
    with servers.database() as cursor:
        cursor.execute(_WINDOW, {"after": after, "warm": warm})
        [(rows, first_row, began, ended)] = cursor.fetchall()
    return Window(began, ended, rows - warm, first_row)


def latencies(servers: Servers, after: int, acknowledged: Mapping[str, float]) -> list[float]:
    """Return for each record the seconds from Kafka's acknowledgement to the commit of its row, in order of size."""
    with servers.database() as cursor:
        cursor.execute(_SEEN_AT, {"after": after})
        return sorted(seen - acknowledged[uuid] for uuid, seen in cursor.fetchall() if uuid in acknowledged)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below or at which this share of the values is."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
