"""What the pipeline should reach, and what the results say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.results import Results

_GZIP, _ZSTD = "gzip", "zstd"


@dataclass(frozen=True)
class Goal:
    """A figure that should be at least, or at most, so much; None where the runs that tell it are missing."""

    what: str
    limit: float
    seen: Callable[[Results], float | None]
    at_most: bool = False

    def is_met(self, seen: float) -> bool:
        """Return whether a figure is good enough."""
        return seen <= self.limit if self.at_most else seen >= self.limit


def middle(results: Results, value: str, block: str, contender: str, variant: str | None = None) -> float | None:
    """Return the median of a value over the repeats; None where there is none."""
    seen = [run.values[value] for run in results.of(block, contender, variant) if value in run.values]
    return median(seen) if seen else None


def _ratio(over: float | None, under: float | None) -> float | None:
    return over / under if over and under else None


def _against(contender: str, block: str) -> Callable[[Results], float | None]:
    return lambda results: _ratio(
        middle(results, "rows_per_second", block, "pipeline"), middle(results, "rows_per_second", block, contender)
    )


def _variants(block: str, variant: str, plain: str) -> Callable[[Results], float | None]:
    return lambda results: _ratio(
        middle(results, "records_per_second", block, "pipeline", variant),
        middle(results, "records_per_second", block, "pipeline", plain),
    )


def _latency(value: str, block: str, rate: str) -> Callable[[Results], float | None]:
    return lambda results: middle(results, value, block, "pipeline", rate)


def _recovery(*kinds: str) -> Callable[[Results], float | None]:
    def seen(results: Results) -> float | None:
        medians = [middle(results, "seconds", "recovery", kind) for kind in kinds]
        return max((one for one in medians if one is not None), default=None)

    return seen


GOALS = (
    Goal("throughput ÷ (1), zstd", 1.4, _against("jdbc", _ZSTD)),
    Goal("throughput ÷ (1), gzip", 1.2, _against("jdbc", _GZIP)),
    Goal("throughput ÷ (3), zstd", 1.3, _against("connect", _ZSTD)),
    Goal("throughput ÷ (4), zstd", 0.5, _against("consumer", _ZSTD)),
    Goal("throughput at 5 million rows ÷ at 0", 0.8, _variants("rows", "zstd, 5,000,000 rows before", _ZSTD)),
    Goal("throughput with 10 % poison ÷ with none", 0.7, _variants("input", "zstd, 10% poison", _ZSTD)),
    Goal("throughput with 1 % duplicates ÷ with none", 0.9, _variants("input", "zstd, 1% duplicates", _ZSTD)),
    Goal("latency at 20/s, p50, s", 0.5, _latency("p50", "latency", "20/s"), at_most=True),
    Goal("latency at 20/s, p99, s", 1.2, _latency("p99", "latency", "20/s"), at_most=True),
    Goal("latency at 10 every 25 s, p50, s", 0.7, _latency("p50", "latency-slow", "0.4/s"), at_most=True),
    Goal("start_stream → first row, median, s", 25.0, _recovery("start"), at_most=True),
    Goal("driver killed → next row, median, s", 30.0, _recovery("driver-jvm", "driver-python"), at_most=True),
)
