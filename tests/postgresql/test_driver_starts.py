"""Which error of a driver is told behind the state of a stream that does not run."""

from typing import NamedTuple

import pytest

from pipeline_defs.database import Database as Tables
from tests.postgresql.server import Database


class Start(NamedTuple):
    """A row of driver_starts; its moments are so many seconds ago."""

    last_error: str | None
    outcome: str | None
    ended: float | None = None
    application: str | None = None

    @property
    def values(self) -> dict[str, object]:
        return {**self._asdict(), "started": (self.ended or 0) + 15}


OOM = Start("out of memory", "failed", ended=20, application="app-1")
GONE = Start("PostgreSQL is gone", "lost", ended=10)
REFUSED = Start("another holds the lease", "refused", ended=5)
STOPPED = Start(None, "stopped", ended=9, application="app-2")
RUNS = Start(None, None, application="app-2")
STARTS = Start(None, None)
TRIES_ON = Start("offset 7 again", None, application="app-2")

CASES = {
    "no start": ([], None),
    "it runs": ([RUNS], None),
    "it was stopped": ([STOPPED], None),
    "it failed": ([OOM], "out of memory"),
    "the newest of two": ([OOM, GONE], "PostgreSQL is gone"),
    "another is starting": ([OOM, STARTS], "out of memory"),
    "another runs, and has written nothing": ([OOM, RUNS], "out of memory"),
    "another runs, and the ledger has moved since": ([OOM._replace(ended=61), RUNS], None),
    "a task of it moved the ledger after it had ended": ([OOM._replace(ended=61), STARTS], "out of memory"),
    "it runs, and tries to get past something": ([OOM, TRIES_ON], "offset 7 again"),
    "another waits while it tries": ([TRIES_ON, STARTS], "offset 7 again"),
    "it died while it tried, and another runs": ([TRIES_ON, RUNS], None),
    "nothing but a refusal is known": ([REFUSED], "another holds the lease"),
    "the newest refusal, while another waits": ([REFUSED, REFUSED._replace(last_error="again"), STARTS], "again"),
    "a refusal is no error of the stream": ([OOM, REFUSED], "out of memory"),
    "a refusal after an error that is over": ([OOM._replace(ended=61), STOPPED, REFUSED], "another holds the lease"),
    "it lost the lease while it ran": ([REFUSED._replace(application="app-1")], "another holds the lease"),
    "it got the lease": ([REFUSED, RUNS], None),
    "it was refused before somebody asked": ([REFUSED._replace(ended=200)], None),
}


@pytest.mark.parametrize(("starts", "error"), CASES.values(), ids=CASES.keys())
def test_newest_error(database: Database, starts: list[Start], error: str | None):
    """The ledger moved 60 s ago, and somebody asked for the stream 100 s ago."""
    database.run("UPDATE stream_state SET asked_at = clock_timestamp() - INTERVAL '100 s'")
    database.run(
        "INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset, updated_at)"
        " VALUES ('random-user', 'id', 0, 0, 0, clock_timestamp() - INTERVAL '60 s')"
    )
    for start in starts:
        database.run(
            "INSERT INTO driver_starts (started_at, ended_at, application_id, outcome, last_error) VALUES ("
            "clock_timestamp() - %(started)s * INTERVAL '1 s', clock_timestamp() - %(ended)s * INTERVAL '1 s',"
            "%(application)s, %(outcome)s, %(last_error)s)",
            start.values,
        )
    rows = Tables(database.settings.database_url).run("driver_starts_last_error")
    assert [row["last_error"] for row in rows] == ([error] if error else [])
    assert all((row["ended_at"] is None) == (row["outcome"] is None) for row in rows)
