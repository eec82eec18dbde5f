"""Processor time by kind of process, sampled from /proc while a run goes on."""

import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from stack.supervisor import MARK

_MACHINE = "all processes of the machine"
POSTGRESQL, PYTHON_WORKERS = "PostgreSQL", "Python workers"
# What a process's command line holds, and the kind that it is of. The first that fits counts.
_KINDS = (
    ("CoarseGrainedExecutorBackend", "Spark executors (JVM)"),
    ("pyspark.daemon", PYTHON_WORKERS),
    ("DriverWrapper", "Spark driver (JVM)"),
    ("SparkSubmit", "Spark driver (JVM)"),
    ("users_stream.py", "Spark driver (Python)"),
    ("jdbc_job.py", "Spark driver (Python)"),
    ("spark.deploy", "Spark master and workers"),
    ("kafka.Kafka", "Kafka"),
    ("ConnectStandalone", "Kafka Connect"),
    ("consumer_job", "the consumer"),
    ("psql", "psql"),
)
# Their children come and go: what those used, their parent has on its account.
_WITH_CHILDREN = {POSTGRESQL, PYTHON_WORKERS}
_PERIOD_SECONDS = 0.5
# A new process may still be the one that starts it: its command line is read again for so long.
_SETTLED_SECONDS = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")
# In /proc/PID/stat, counted after the name in brackets.
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM, _STARTED = 1, 11, 12, 13, 14, 19


@dataclass(frozen=True)
class _Process:
    kind: str
    seconds: float


class ProcessorTime:
    """A thread that adds up, twice a second, what the processes of a stack have used so far."""

    def __init__(self, state: Path) -> None:
        self._mark = f"\0{MARK}={state}\0".encode()
        self._kinds: dict[tuple[int, str], str | None] = {}
        self._seen_at: dict[tuple[int, str], float] = {}
        self._ended: defaultdict[str, float] = defaultdict(float)
        self._living: dict[tuple[int, str], _Process] = {}
        self._samples: list[tuple[float, dict[str, float]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def between(self, began: float, ended: float) -> dict[str, float]:
        """Return the seconds by kind of process between two moments, in seconds of the epoch."""
        return {kind: seconds for kind, seconds in self._between(began, ended).items() if kind != _MACHINE}

    def elsewhere(self, began: float, ended: float) -> float:
        """Return the share of the machine's processor time that none of these processes used, but others did."""
        used = self._between(began, ended)
        whole = (os.cpu_count() or 1) * (ended - began)
        return max(0.0, 2 * used[_MACHINE] - sum(used.values())) / whole

    def _between(self, began: float, ended: float) -> dict[str, float]:
        first, last = self._at(began), self._at(ended)
        return {kind: max(0.0, last[kind] - first.get(kind, 0.0)) for kind in sorted(last)}

    def _at(self, moment: float) -> Mapping[str, float]:
        """Return what was used up to a moment, as if it were used evenly between two samples."""
        later = min(bisect_left(self._samples, moment, key=lambda sample: sample[0]), len(self._samples) - 1)
        earlier = max(0, later - 1)
        (before, had), (after, has) = self._samples[earlier], self._samples[later]
        share = min(1.0, max(0.0, (moment - before) / (after - before))) if after > before else 1.0
        return {kind: had.get(kind, 0.0) + share * (has[kind] - had.get(kind, 0.0)) for kind in has}

    def _sample(self) -> None:
        while not self._over.wait(_PERIOD_SECONDS):
            self._look()
        self._look()

    def _look(self) -> None:
        living: dict[tuple[int, str], _Process] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                identity = int(folder.name), fields[_STARTED]
                if time.monotonic() - self._seen_at.setdefault(identity, time.monotonic()) < _SETTLED_SECONDS:
                    self._kinds[identity] = self._kind(folder, int(fields[_PARENT]))
            except (OSError, IndexError):  # it ended meanwhile
                continue
            kind = self._kinds.get(identity)
            if kind is not None:
                used = (_USER, _SYSTEM, *((_CHILDREN_USER, _CHILDREN_SYSTEM) if kind in _WITH_CHILDREN else ()))
                living[identity] = _Process(kind, sum(int(fields[field]) for field in used) / _TICKS)
        for identity in self._living.keys() - living.keys():
            gone = self._living[identity]
            parent = gone.kind in _WITH_CHILDREN and any(one.kind == gone.kind for one in living.values())
            if not parent:
                self._ended[gone.kind] += gone.seconds
        self._living = living
        total = defaultdict(float, self._ended)
        for one in living.values():
            total[one.kind] += one.seconds
        total[_MACHINE] = _machine_seconds()
        self._samples.append((time.time(), total))

    def _kind(self, folder: Path, parent: int) -> str | None:
        """Return the kind of a process; None where it is none of the stack's."""
        if any(pid == parent and kind == POSTGRESQL for (pid, _), kind in self._kinds.items()):
            return POSTGRESQL
        # A backend writes its name over its environment, the first process does not.
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        if self._mark not in b"\0" + (folder / "environ").read_bytes():
            return None
        if "/postgres -D" in command:
            return POSTGRESQL
        return next((kind for sign, kind in _KINDS if sign in command), None)


def _machine_seconds() -> float:
    """Return what all processes have used since the machine's start, and what its host took away."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft_irq, stolen = map(int, fields[:8])
    return (user + nice + system + irq + soft_irq + stolen) / _TICKS
