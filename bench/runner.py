"""Runs the blocks: whatever is not in the results yet, until a block's time is over."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bench import load, machine, measure, recovery, rows_before
from bench.blocks import RECORDS_PER_BATCH, Block, Latency, Recovery, Throughput
from bench.contenders.contender import Contender
from bench.load import Backlog, Rate, Steady
from bench.processor_time import ProcessorTime
from bench.results import Results, Run
from bench.servers import TOPIC, Servers
from pipeline_defs.stream import code_version

_BLOCK_SECONDS = 25 * 60.0
# Numbers of people who are in no backlog.
_WARM_UP_FROM, _STEADY_FROM = 10_000_000, 20_000_000
_WARM_UPS, _WARM_UP_RECORDS = 5, 20
# The first batch holds about as many as it may, not exactly as many.
_WARM_SHARE = 0.999


@dataclass
class Runner:
    """Servers, and where results go."""

    servers: Servers
    results: Results
    records: int | None = None  # instead of those of each block, to try the program
    _in_topic: tuple[tuple[object, ...], int] | None = None  # the backlog in the topic, and how many rows it becomes

    def run(self, block: Block) -> bool:
        """Run a block, and return whether all of it is done."""
        say(f"{block.name}: {block.title}")
        deadline = time.monotonic() + _BLOCK_SECONDS
        for repeat in range(1, block.repeats + 1):
            for contender, variant, go in self._runs(block):
                key = (block.name, contender, variant, repeat)
                if self.results.has(key):
                    continue
                if time.monotonic() > deadline:
                    say(f"{block.name}: its 25 minutes are over; the same command goes on with it")
                    return False
                self._one(key, go)
        return True

    def _one(self, key: tuple[str, str, str, int], go: Callable[[], tuple[dict[str, float], dict[str, float]]]) -> None:
        block, contender, variant, repeat = key
        say(f"{block}: {contender} {variant}, repeat {repeat}")
        values, processor_seconds = go()
        self.results.machine = machine.describe(self.servers)
        version = code_version(self.servers.pipeline_settings())
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.results.add(Run(block, contender, variant, repeat, version, at, values, processor_seconds))
        shown = ", ".join(f"{name} {value:,.3g}" for name, value in values.items())
        say(f"{block}: {contender} {variant}, repeat {repeat}: {shown}")

    def _runs(self, block: Block) -> list[tuple[str, str, Callable[[], tuple[dict[str, float], dict[str, float]]]]]:
        """Return name of contender, name of variant, and what to do, for each run of a repeat."""
        match block:
            case Throughput():
                backlogs = [
                    (contender, replace(backlog, records=self.records or backlog.records))
                    for contender, backlog in block.runs
                ]
                return [(c.name, variant(b), lambda c=c, b=b: self._throughput(c, b)) for c, b in backlogs]
            case Latency():
                return [(c.name, f"{r.per_second:g}/s", lambda c=c, r=r: self._latency(c, r)) for c, r in block.runs]
            case Recovery():
                return [(name, "", lambda what=what: self._recovery(what)) for name, what in recovery.KINDS.items()]

    def _up(self, stream: dict[str, str], *, dagster: bool = False) -> None:
        began = time.monotonic()
        self.servers.up(stream, dagster=dagster)
        if time.monotonic() - began > 1:
            say(f"the servers are up after {time.monotonic() - began:.0f} s")

    def _throughput(self, contender: Contender, backlog: Backlog) -> tuple[dict[str, float], dict[str, float]]:
        self._up({"STREAM_MAX_OFFSETS_PER_TRIGGER": str(RECORDS_PER_BATCH)})
        rows = self._fill_topic(backlog)
        contender.prepare(self.servers, backlog)
        self.servers.empty_tables()
        if backlog.rows_before:
            rows_before.write(self.servers, backlog.rows_before)
        after = measure.last_id(self.servers)
        with ProcessorTime(self.servers.state.root) as processor_time:
            began = time.time()
            with contender.running(self.servers):
                measure.wait_for_rows(self.servers, after, rows)
        share = rows / backlog.records
        warm = int(min(RECORDS_PER_BATCH, backlog.records // 4) * share * _WARM_SHARE)
        window = measure.window(self.servers, after, warm)
        used = processor_time.between(window.began, window.ended)
        values = {
            "records_per_second": window.rows_per_second / share,
            "rows_per_second": window.rows_per_second,
            "seconds": window.ended - window.began,
            "first_row_seconds": window.first_row - began,
            "elsewhere": processor_time.elsewhere(window.began, window.ended),
        }
        return values, {kind: seconds / window.rows * 1e6 for kind, seconds in used.items()}

    def _fill_topic(self, backlog: Backlog) -> int:
        if self._in_topic is None or self._in_topic[0] != backlog.topic:
            self._in_topic = None
            self.servers.new_topic(backlog.partitions)
            began = time.monotonic()
            rows = load.send_backlog(self.servers.bootstrap_servers, TOPIC, backlog)
            say(f"{backlog.records:,} records sent in {time.monotonic() - began:.0f} s: {variant(backlog)}")
            self._in_topic = backlog.topic, rows
        return self._in_topic[1]

    def _latency(self, contender: Contender, rate: Rate) -> tuple[dict[str, float], dict[str, float]]:
        self._up({})
        self._in_topic = None
        self.servers.new_topic(partitions=3)
        contender.prepare(self.servers, Backlog(0))
        self.servers.empty_tables()
        with contender.running(self.servers):
            for number in range(_WARM_UPS):
                rows = _WARM_UP_RECORDS * (number + 1)
                burst = Rate(_WARM_UP_RECORDS, 1, 1)
                Steady(self.servers.bootstrap_servers, TOPIC, burst, _WARM_UP_FROM + rows).send()
                measure.wait_for_rows(self.servers, 0, rows)
            after = measure.last_id(self.servers)
            steady = Steady(self.servers.bootstrap_servers, TOPIC, rate, _STEADY_FROM)
            with ProcessorTime(self.servers.state.root) as processor_time:
                began = time.time()
                steady.send()
                measure.wait_for_rows(self.servers, after, rate.burst * rate.bursts)
                ended = time.time()
        seconds = measure.latencies(self.servers, after, steady.acknowledged)
        values = {
            "p50": measure.percentile(seconds, 0.5),
            "p90": measure.percentile(seconds, 0.9),
            "p99": measure.percentile(seconds, 0.99),
            "most": seconds[-1],
            "records": float(len(seconds)),
            "late": steady.late_seconds,
            "elsewhere": processor_time.elsewhere(began, ended),
        }
        used = processor_time.between(began, ended)
        return values, {kind: spent / len(seconds) * 1e6 for kind, spent in used.items()}

    def _recovery(self, what: recovery.Kind) -> tuple[dict[str, float], dict[str, float]]:
        self._in_topic = None
        self._up({}, dagster=True)
        return {"seconds": what(self.servers)}, {}


def variant(backlog: Backlog) -> str:
    """Return what a backlog is called."""
    parts = [backlog.codec]
    parts += [f"{backlog.partitions} partitions"] if backlog.partitions != 3 else []  # noqa: PLR2004 - the shipped ones
    parts += [f"{backlog.poison:.0%} poison"] if backlog.poison else []
    parts += [f"{backlog.duplicates:.0%} duplicates"] if backlog.duplicates else []
    parts += [f"{backlog.rows_before:,} rows before"] if backlog.rows_before else []
    return ", ".join(parts)


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {line}\n")
