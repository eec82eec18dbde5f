"""What `pipeline status` shows: each component, the pipeline itself, what Dagster saw, and the room on the disk."""

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_defs.settings import read_settings
from stack import dagster_view, health, processes, site, tables
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


@dataclass(frozen=True)
class Status:
    """All that `pipeline status` shows."""

    components: Sequence[ComponentStatus]
    pipeline: tables.Pipeline
    dagster: dagster_view.View
    disk_left_mib: Mapping[str, int]  # by folder: state, cache


def read(settings: Settings) -> Status:
    """Ask everything once; what gives no answer costs its time limit, all of them together at most half a minute.

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
    with ThreadPoolExecutor(max_workers=len(components) + 2) as pool:
        pipeline = pool.submit(tables.pipeline, here, passwords["pipeline"], topic)
        seen = pool.submit(dagster_view.read, here)
        lines = list(
            pool.map(lambda one: _component(here, one, supervised[one.name], passwords, counted[one.name]), components)
        )
    folders = {"state": settings.state, "cache": settings.cache}
    left = {name: processes.free_bytes(folder) // 2**20 for name, folder in folders.items()}
    return Status(lines, pipeline.result(), seen.result(), left)


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


def exit_code(status: Status) -> ExitCode:
    """Give what `pipeline status` ends with: a check that failed counts, one that warns does not."""
    all_well = all(one.state == "well" for one in status.components)
    none_failed = all(check.outcome != "failed" for check in status.dagster.checks)
    return ExitCode.DONE if all_well and none_failed else ExitCode.UNHEALTHY


def as_json(status: Status) -> dict[str, Any]:
    """Give the status as JSON knows it; times are ISO 8601 in UTC."""
    seen = asdict(status.dagster)
    return _plain(
        {
            "components": [asdict(one) for one in status.components],
            "pipeline": asdict(status.pipeline) | {"stream": seen["stream"], "checks": list(seen["checks"])},
            "disk_left_mib": dict(status.disk_left_mib),
        }
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever the status holds
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
