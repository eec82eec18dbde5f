"""`pipeline status`: state, age, restarts, ports, memory and processor time of each component; and the pipeline."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline_defs.settings import read_settings
from stack import health, processes, site, tables
from stack import passwords as stack_passwords
from stack.components import Component, Site
from stack.errors import ExitCode
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Process, Supervisor

_CPU_SAMPLE_SECONDS = 0.5
_SPAWNED = re.compile(r"INFO spawned: '([^']+)'")
_STARTED = "supervisord started with pid"


@dataclass(frozen=True)
class ComponentStatus:
    """One line of the table."""

    name: str
    state: str  # well, or what it lacks; or the supervisor's word where it does not run
    since: datetime | None
    restarts: int
    ports: tuple[int, ...]
    memory_mib: int
    cpu_percent: float  # of one processor, right now


def restarts(log: str) -> Counter[str]:
    """Count from supervisord's log how often it started each component again since its own start."""
    latest = log.rpartition(_STARTED)[2]
    return Counter({name: count - 1 for name, count in Counter(_SPAWNED.findall(latest)).items()})


def read(settings: Settings) -> tuple[list[ComponentStatus], tables.Pipeline]:
    """Ask everything once.

    Raises:
        NotRunningError: there is no stack in this state folder that runs.
        SettingsError: a setting of the pipeline can't be used.
    """
    topic = read_settings().kafka_topic
    state = State(settings.state)
    supervisor = Supervisor(state)
    supervisor.must_answer()
    here = site.locate(settings)
    passwords = stack_passwords.load(state.passwords)
    supervised = supervisor.processes()
    components = [component for component in site.components(here) if component.name in supervised]
    counted = restarts(_text(state.supervisor / "supervisord.log"))
    with ThreadPoolExecutor(max_workers=len(components) + 1) as pool:
        pipeline = pool.submit(tables.pipeline, here, passwords["pipeline"], topic)
        lines = list(
            pool.map(lambda one: _component(here, one, supervised[one.name], passwords, counted[one.name]), components)
        )
    return lines, pipeline.result()


def _component(
    here: Site, component: Component, process: Process, passwords: dict[str, str], restarted: int
) -> ComponentStatus:
    runs = process.runs and process.pid is not None
    before = processes.usage(process.pid) if runs and process.pid else processes.Usage(0, 0.0)
    began = time.monotonic()
    state = process.state.lower()
    if runs:
        state = health.ask(here, component, passwords, process.since) or "well"
    time.sleep(max(0.0, _CPU_SAMPLE_SECONDS - (time.monotonic() - began)))
    after = processes.usage(process.pid) if runs and process.pid else before
    return ComponentStatus(
        name=component.name,
        state=state,
        since=datetime.fromtimestamp(process.since, UTC) if process.since else None,
        restarts=restarted,
        ports=component.ports,
        memory_mib=round(after.memory_bytes / 2**20),
        cpu_percent=round(max(0.0, after.cpu_seconds - before.cpu_seconds) / (time.monotonic() - began) * 100, 1),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def exit_code(lines: list[ComponentStatus]) -> ExitCode:
    """Give what `pipeline status` ends with."""
    return ExitCode.DONE if all(line.state == "well" for line in lines) else ExitCode.UNHEALTHY


def as_json(lines: list[ComponentStatus], pipeline: tables.Pipeline) -> dict[str, Any]:
    """Give the status as JSON knows it; times are ISO 8601 in UTC."""

    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, datetime) else value

    return {
        "components": [{name: plain(value) for name, value in asdict(line).items()} for line in lines],
        "pipeline": {name: plain(value) for name, value in asdict(pipeline).items()},
    }


def show(lines: list[ComponentStatus], pipeline: tables.Pipeline, console: Console) -> None:
    """Print the status for people."""
    table = Table(box=None, pad_edge=False)
    for heading in ("component", "state", "up for", "restarts", "ports", "MiB", "CPU %"):
        table.add_column(heading, justify="right" if heading in ("restarts", "MiB", "CPU %") else "left")
    now = datetime.now(UTC)
    for line in lines:
        table.add_row(
            line.name,
            Text(line.state, style="green" if line.state == "well" else "bold red"),
            age(line.since, now),
            str(line.restarts),
            " ".join(map(str, line.ports)),
            str(line.memory_mib),
            f"{line.cpu_percent:.1f}",
        )
    table.add_row(
        "all", "", "", "", "", str(sum(one.memory_mib for one in lines)), f"{sum(o.cpu_percent for o in lines):.1f}"
    )
    console.print(table)
    console.print()
    lag = "unknown" if pipeline.lag is None else f"{pipeline.lag} records"
    console.print(f"stream      wanted {pipeline.stream_wanted or 'unknown'}", highlight=False)
    console.print(
        f"last slot   {age(pipeline.last_slot, now)} ago, {pipeline.last_outcome or 'none yet'}", highlight=False
    )
    console.print(f"lag         {lag}", highlight=False)
    console.print(f"newest row  {age(pipeline.newest_row, now)} ago", highlight=False)


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
