"""`results.json`: every run as it was seen. What is in it is not run again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")
Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        block: the name of its block.
        contender: whose; empty where there is one only.
        variant: what was different from the block's other runs.
        repeat: 1 for the first.
        code: the code version of the stream.
        at: when, in UTC.
        values: what was seen, by name.
        processor_seconds: by kind of process, for a million rows.
    """

    block: str
    contender: str
    variant: str
    repeat: int
    code: str
    at: str
    values: Mapping[str, float]
    processor_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What tells it from every other run."""
        return self.block, self.contender, self.variant, self.repeat


@dataclass
class Results:
    """All runs so far, and the machine that they ran on."""

    file: Path = FILE
    machine: dict[str, Any] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def load(cls, file: Path = FILE) -> "Results":
        """Return what a file holds; nothing where there is none."""
        if not file.exists():
            return cls(file)
        stored = json.loads(file.read_text(encoding="utf-8"))
        return cls(file, stored["machine"], [Run(**run) for run in stored["runs"]])

    def has(self, key: Key) -> bool:
        """Return whether a run is in it."""
        return any(run.key == key for run in self.runs)

    def add(self, run: Run) -> None:
        """Add a run, and write the file."""
        self.runs.append(run)
        self._write()

    def forget(self, blocks: Sequence[str]) -> None:
        """Take the runs of these blocks out."""
        self.runs = [run for run in self.runs if run.block not in blocks]

    def of(self, block: str, contender: str | None = None, variant: str | None = None) -> list[Run]:
        """Return the runs of a block."""
        return [
            run
            for run in self.runs
            if run.block == block and contender in (None, run.contender) and variant in (None, run.variant)
        ]

    def _write(self) -> None:
        text = json.dumps({"machine": self.machine, "runs": [asdict(run) for run in self.runs]}, indent=1)
        partial = self.file.with_suffix(".partial")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(self.file)
