"""docs/benchmarks.md and its charts, from the results alone."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from bench import chart
from bench.blocks import BLOCKS, CONTENDERS, QUICK, QUICK_RECORDS, RECORDS_PER_BATCH, Latency, Throughput
from bench.chart import Bar
from bench.contenders.contender import Contender
from bench.goals import GOALS, middle
from bench.results import Results, Run
from stack.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "benchmarks.md"
IMAGES = PAGE.parent / "images"
_INTRODUCTION = Path(__file__).with_name("introduction.md")
# Kinds of process that get a column of their own; the rest is summed up in the last one.
_KINDS = {
    "Spark driver (JVM)": "driver JVM",
    "Spark driver (Python)": "driver Python",
    "Spark executors (JVM)": "executors",
    "Python workers": "Python workers",
    "Kafka Connect": "Connect",
    "the consumer": "consumer",
    "psql": "psql",
    "PostgreSQL": "PostgreSQL",
    "Kafka": "Kafka",
}
_RECOVERIES = {
    "start": "the job `start_stream` launched → first row",
    "driver-jvm": "the driver's JVM killed → next row",
    "driver-python": "the driver's Python process killed → next row",
}


def write(results: Results) -> None:
    """Write the page and its charts."""
    IMAGES.mkdir(exist_ok=True)
    PAGE.write_text("\n\n".join(_sections(results)) + "\n", encoding="utf-8")


def _sections(results: Results) -> Iterable[str]:
    yield _INTRODUCTION.read_text(encoding="utf-8").strip()
    yield _machine(results)
    yield "## The goals\n\n" + _goals(results)
    for block in (*BLOCKS, QUICK):
        runs = results.of(block.name)
        if not runs:
            continue
        heading = f"## {block.title}"
        if isinstance(block, Throughput):
            yield heading
            if block is QUICK:
                yield f"`make bench-quick`: {QUICK_RECORDS:,} records."
            yield from _throughput(block, runs)
        elif isinstance(block, Latency):
            yield f"{heading}\n\n{_latency(block, runs)}"
        else:
            yield f"{heading}\n\n{_recovery(runs, results)}"


def _machine(results: Results) -> str:
    if not results.machine:
        return "Nothing was run yet."
    machine = results.machine
    software = ", ".join(f"{name} {machine[name]}" for name in ("Spark", "Kafka", "PostgreSQL", "Python"))
    codes = sorted({run.code for run in results.runs})
    return (
        f"Seen on {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, {machine['system']}; "
        f"{software}; code version of the stream {', '.join(codes)}."
    )


def _goals(results: Results) -> str:
    rows = []
    for goal in GOALS:
        seen = goal.seen(results)
        verdict = "not measured" if seen is None else "yes" if goal.is_met(seen) else "**no**"
        shown = "" if seen is None else f"{seen:.2f}"
        rows.append((goal.what, f"{'≤' if goal.at_most else '≥'} {goal.limit:g}", shown, verdict))
    return _table(("what", "goal", "seen", "met"), rows)


def _throughput(block: Throughput, runs: Sequence[Run]) -> Iterable[str]:
    """Yield chart and table of a block: a row for each contender and variant."""
    groups = _grouped(runs)
    several_contenders = len({contender for contender, _ in groups}) > 1
    names = {key: _label(key[0]) if several_contenders else f"{_label(key[0])}: {key[1]}" for key in groups}
    rows_of = {key: [run.values["records_per_second"] for run in group] for key, group in groups.items()}
    file = f"benchmark-{block.name}.svg"
    bars = [Bar(names[key], median(seen), min(seen), max(seen), key[0] == "pipeline") for key, seen in rows_of.items()]
    (IMAGES / file).write_text(chart.bars(block.title, "records/s", bars), encoding="utf-8")
    yield f"![{block.title}](images/{file})"
    kinds = [kind for kind in _KINDS if any(kind in run.processor_seconds for run in runs)]
    ours = next((median(seen) for key, seen in rows_of.items() if key[0] == "pipeline"), None)
    table = []
    for key, seen in rows_of.items():
        spent = {kind: median([run.processor_seconds.get(kind, 0.0) for run in groups[key]]) for kind in kinds}
        table.append(
            (
                names[key],
                f"{median(seen):,.0f}",
                f"{min(seen):,.0f} to {max(seen):,.0f}",
                str(len(seen)),
                f"{(ours or 0) / median(seen):.2f}" if several_contenders else f"{median(seen) / (ours or 1):.2f}",
                *(f"{spent[kind]:.1f}" if spent[kind] >= 0.05 else "" for kind in kinds),  # noqa: PLR2004 - one digit
                f"{sum(spent.values()):.1f}",
            )
        )
    ratio = "pipeline ÷ it" if several_contenders else "÷ the first"
    yield _table(("contender", "records/s", "spread", "runs", ratio, *(_KINDS[kind] for kind in kinds), "all"), table)
    yield (
        f"Medians. The first {RECORDS_PER_BATCH:,} records of a run are left out. The columns from "
        f"{_KINDS[kinds[0]] if kinds else 'driver'} on are CPU seconds for a million rows. What has nothing to do with "
        f"the run used {_elsewhere(runs)} of the machine meanwhile, this program included."
    )


def _latency(block: Latency, runs: Sequence[Run]) -> str:
    rows = [
        (
            run.variant,
            _label(run.contender),
            *(f"{run.values[name]:.2f}" for name in ("p50", "p90", "p99", "most")),
            f"{run.values['records']:,.0f}",
            f"{sum(run.processor_seconds.get(kind, 0.0) for kind in _KINDS) / 1000:.1f}",
        )
        for run in runs
    ]
    order = {f"{rate.per_second:g}/s": number for number, (_, rate) in enumerate(block.runs)}
    rows.sort(key=lambda row: (order.get(row[0], 0), row[1]))
    heads = ("rate", "contender", "p50 s", "p90 s", "p99 s", "most s", "records", "CPU ms a record")
    return _table(heads, rows)


def _recovery(runs: Sequence[Run], results: Results) -> str:
    rows = []
    for kind, what in _RECOVERIES.items():
        seen = [run.values["seconds"] for run in runs if run.contender == kind]
        if seen:
            shown = middle(results, "seconds", "recovery", kind) or 0.0
            rows.append((what, f"{shown:.1f}", f"{min(seen):.1f} to {max(seen):.1f}", str(len(seen))))
    return _table(("what", "median s", "spread", "runs"), rows)


def _elsewhere(runs: Sequence[Run]) -> str:
    shares = [run.values.get("elsewhere", 0.0) for run in runs]
    return f"{min(shares):.0%} to {max(shares):.0%}"


def _grouped(runs: Sequence[Run]) -> dict[tuple[str, str], list[Run]]:
    """Return the runs by contender and variant, in the order of the page."""
    order = [contender.name for contender in CONTENDERS]
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: order.index(run.contender) if run.contender in order else len(order)):
        groups.setdefault((run.contender, run.variant), []).append(run)
    return groups


def _label(name: str) -> str:
    found: Contender | None = next((contender for contender in CONTENDERS if contender.name == name), None)
    return f"({found.number}) {found.label}" if found else name


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
