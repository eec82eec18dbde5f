"""The status for people: a line each for the components, the pipeline and the checks."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stack.status import Status

_STYLES = {"passed": "green", "warned": "yellow", "failed": "bold red", "nothing yet": "dim"}


def show(status: Status, console: Console) -> None:
    """Print the status."""
    now = datetime.now(UTC)
    console.print(_components(status, now))
    console.print()
    for name, text, style in _pipeline(status, now):
        console.print(Text(f"{name:<32}").append(text, style), soft_wrap=True)


def _components(status: Status, now: datetime) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("component", "state", "up for", "restarts", "ports", "MiB", "CPU %"):
        table.add_column(heading, justify="right" if heading in ("restarts", "MiB", "CPU %") else "left")
    for one in status.components:
        table.add_row(
            one.name,
            Text(one.state, style="green" if one.state == "well" else "bold red"),
            age(one.since, now),
            str(one.restarts),
            " ".join(map(str, one.ports)),
            str(one.memory_mib),
            f"{one.cpu_percent:.1f}",
        )
    memory, cpu = sum(one.memory_mib for one in status.components), sum(one.cpu_percent for one in status.components)
    table.add_row("all", "", "", "", "", str(memory), f"{cpu:.1f}")
    return table


def _pipeline(status: Status, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Give name, text and style of each line below the components."""
    pipeline, stream = status.pipeline, status.dagster.stream
    seen = f"{stream.state}: {stream.reason}, {_ago(stream.seen_at, now)}" if stream else "Dagster has no observation"
    yield "stream", f"{seen}; wanted {pipeline.stream_wanted or 'unknown'}", ""
    slot = f"{_ago(pipeline.last_slot, now)}, {pipeline.last_outcome}" if pipeline.last_slot else "-"
    yield "last slot", slot, ""
    yield "lag", "unknown" if pipeline.lag is None else f"{pipeline.lag} records", ""
    yield "newest row", _ago(pipeline.newest_row, now), ""
    for check in status.dagster.checks:
        when = f", {_ago(check.seen_at, now)}" if check.seen_at else ""
        said = f": {check.says}" if check.says else ""
        yield f"{check.asset} {check.name}", f"{check.outcome}{when}{said}", _STYLES[check.outcome]
    if not status.dagster.checks:
        yield "checks", "Dagster has no results", ""
    left = ", ".join(f"{mib / 1024:.1f} GiB for the {folder} folder" for folder, mib in status.disk_left_mib.items())
    yield "disk left", left, ""


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{age(moment, now)} ago" if moment else "-"


def age(moment: datetime | None, now: datetime) -> str:
    """Give how long ago something was, in at most two units."""
    if moment is None:
        return "-"
    seconds = max(0, int((now - moment).total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
