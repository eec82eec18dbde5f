"""What a contender is."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from bench.load import Backlog
from bench.servers import Servers
from stack.launch import last_lines

_STOP_SECONDS = 20.0
_LAST_LINES = 20


class Contender(Protocol):
    """One way from the topic to the table."""

    @property
    def number(self) -> str:
        """Its number in the page."""
        ...

    @property
    def name(self) -> str:
        """Its name in results and options."""
        ...

    @property
    def label(self) -> str:
        """What it is, in a line."""
        ...

    def prepare(self, servers: Servers, backlog: Backlog) -> None:
        """Make what it reads besides the topic; nothing of that is measured."""
        ...

    def running(self, servers: Servers) -> AbstractContextManager[None]:
        """Run it, from the topic's beginning, for as long as the context lasts."""
        ...


@contextmanager
def process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a program for as long as the context lasts, and end it and what it started.

    An error from inside the context gets the end of the program's log for a note.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        started = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        except Exception as error:
            error.add_note("\n".join(last_lines(log, _LAST_LINES)))
            raise
        finally:
            _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    """End a program's whole group, which is its own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            # The group outlives its leader where that ended first.
            os.killpg(started.pid, sign)
            started.wait(_STOP_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    started.wait(_STOP_SECONDS)
