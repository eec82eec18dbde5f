"""How many rounds of which faults, and what is done with what they showed."""

import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.faults import CHEAP, FAULTS
from tests.faults.rounds import Round

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


@dataclass
class Book:
    """The rounds of this session. Where the environment says nothing: one of each cheap fault, with a small load."""

    rounds: int = field(default_factory=lambda: int(os.environ.get("FAULT_ROUNDS", "1")))
    records: int = field(default_factory=lambda: int(os.environ.get("FAULT_RECORDS", "20000")))
    seed: int = field(default_factory=lambda: int(os.environ.get("FAULT_SEED") or secrets.randbelow(1_000_000)))
    played: list[Round] = field(default_factory=list)

    def add(self, played: Round) -> None:
        """Keep a round, in the page too where that is asked for: a session that is cut off has not been in vain."""
        self.played.append(played)
        if os.environ.get("WRITE_DOCS"):
            report.write(_PAGE, self.played)

    def next_seed(self) -> int:
        """Give a seed that no other round of this session has: two equal loads would be duplicates."""
        self.seed += 100
        return self.seed


def chosen() -> list[str]:
    """Give the names of the faults to play: FAULTS has them, separated by commas, or `all`."""
    names = os.environ.get("FAULTS") or ",".join(CHEAP)
    return list(FAULTS) if names == "all" else names.split(",")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" in metafunc.fixturenames:
        metafunc.parametrize("fault", chosen())


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Show at once why a round failed: the session goes on for hours."""
    if report.failed:
        sys.stderr.write(f"\n{report.longreprtext}\n")


@pytest.fixture(scope="session")
def book() -> Iterator[Book]:
    kept = Book()
    yield kept
    sys.stderr.write("\n" + report.table(report.rows(kept.played)))
