"""The page of the benchmark is made of the results alone."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import report
from bench.goals import GOALS
from bench.measure import percentile
from bench.results import Results, Run

_VALUES = {"records_per_second": 20_000.0, "rows_per_second": 20_000.0}
_RUN = Run("zstd", "pipeline", "zstd", 1, "abc", "2025-01-01T00:00:00+00:00", _VALUES, {"PostgreSQL": 12.0})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(report, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(report, "IMAGES", tmp_path / "images")
    return tmp_path


def test_page_without_results_has_every_goal(folder: Path) -> None:
    report.write(Results(folder / "results.json"))
    page = (folder / "benchmarks.md").read_text()
    assert all(goal.what in page for goal in GOALS)
    assert page.count("not measured") == len(GOALS)


def test_page_compares_medians(folder: Path) -> None:
    slow = replace(_RUN, contender="jdbc", values=dict.fromkeys(_VALUES, 10_000.0))
    runs = [replace(_RUN, repeat=number) for number in (1, 2, 3)] + [slow]
    report.write(Results(folder / "results.json", runs=runs))
    page = (folder / "benchmarks.md").read_text()
    assert "| throughput ÷ (1), zstd | ≥ 1.4 | 2.00 | yes |" in page
    ElementTree.parse(folder / "images" / "benchmark-zstd.svg")  # noqa: S314 - of our own making


def test_results_are_read_back(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.json")
    results.add(_RUN)
    again = Results.load(tmp_path / "results.json")
    assert again.runs == [_RUN]
    assert again.has(_RUN.key)
    again.forget(["zstd"])
    assert not again.runs


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert percentile([7.0], 0.5) == 7.0
