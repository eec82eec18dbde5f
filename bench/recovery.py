"""How long the stream takes from a person's start to the first row, and from its driver's death to the next one."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil

from bench.dagster import Dagster
from bench.load import Rate, Steady
from bench.servers import TOPIC, Servers, wait_until
from stack.processes import marked

Kind = Callable[[Servers], float]

_PATIENCE_SECONDS = 600.0
# While the stream is away records come in as before.
_RATE = Rate(burst=1, pause_seconds=1 / 20, bursts=20 * 600)
_PEOPLE_FROM = 40_000_000
_CALM_SECONDS = 10.0
# A pause that no healthy stream makes at this rate, and how long rows must have come again after it.
_PAUSE_SECONDS, _AGAIN_SECONDS = 3.0, 3.0

_FIRST_SINCE = """
SELECT extract(epoch FROM min(pg_xact_commit_timestamp(xmin)))::DOUBLE PRECISION
FROM users WHERE ingested_at >= to_timestamp(%(since)s)
"""
_SEEN_SINCE = """
SELECT DISTINCT extract(epoch FROM pg_xact_commit_timestamp(xmin))::DOUBLE PRECISION AS seen
FROM users WHERE ingested_at >= to_timestamp(%(since)s) ORDER BY seen
"""


def start(servers: Servers) -> float:
    """Return the seconds from the launch of the job start_stream to the first row that can be seen."""
    dagster = Dagster(servers)
    dagster.stop_schedule("every_25_seconds")
    dagster.run("stop_stream")
    with _records(servers):
        began = time.time()
        dagster.launch("start_stream")
        wait_until(lambda: _first_since(servers, began), "a row", _PATIENCE_SECONDS)
    return _first_since(servers, began) - began


def kill(sign: str, servers: Servers) -> float:
    """Return the seconds from the death of a process of the driver to the end of the longest pause of rows after it."""
    dagster = Dagster(servers)
    dagster.stop_schedule("every_25_seconds")
    dagster.run("start_stream")
    with _records(servers):
        began = time.time()
        wait_until(lambda: _first_since(servers, began), "a row", _PATIENCE_SECONDS)
        time.sleep(_CALM_SECONDS)
        [driver] = [process for process in marked(servers.state) if _is(process, sign)]
        struck = time.time()
        os.kill(driver.pid, signal.SIGKILL)
        wait_until(lambda: _end_of_pause(servers, struck), "rows after the pause", _PATIENCE_SECONDS)
        return _end_of_pause(servers, struck) - struck


KINDS: dict[str, Kind] = {
    "start": start,
    "driver-jvm": partial(kill, "DriverWrapper"),
    "driver-python": partial(kill, "users_stream.py"),
}


@contextmanager
def _records(servers: Servers) -> Iterator[None]:
    """Send 20 records a second for as long as the context lasts."""
    over = threading.Event()
    steady = Steady(servers.bootstrap_servers, TOPIC, _RATE, _PEOPLE_FROM + int(time.time()) * 20, over=over)
    thread = threading.Thread(target=steady.send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _first_since(servers: Servers, since: float) -> float:
    return servers.one(_FIRST_SINCE, since=since) or 0.0


def _end_of_pause(servers: Servers, since: float) -> float:
    """Return the end of the longest pause of rows since a moment; 0 while it is not over."""
    with servers.database() as cursor:
        cursor.execute(_SEEN_SINCE, {"since": since})
        seen = [since, *(moment for (moment,) in cursor.fetchall() if moment > since)]
    pause, end = max(((after - before, after) for before, after in pairwise(seen)), default=(0.0, 0.0))
    return end if pause > _PAUSE_SECONDS and seen[-1] > end + _AGAIN_SECONDS else 0.0


def _is(process: psutil.Process, sign: str) -> bool:
    """Return whether a process is the one of the driver that this sign in its command line tells."""
    try:
        command = process.cmdline()
    except psutil.Error:  # it ended meanwhile
        return False
    if sign == "users_stream.py":
        return bool(command) and "python" in Path(command[0]).name and command[-1].endswith(sign)
    return any(sign in argument for argument in command) and "java" in Path(command[0]).name
