"""Start what isn't running, each component as soon as what it needs is well, and wait until all are."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_defs.errors import PipelineError
from stack import health
from stack.components import Component, Site
from stack.display import Board
from stack.errors import MachineError, StackError
from stack.supervisor import Supervisor

_POLL_SECONDS = 0.4
_LAST_LOG_LINES = 15

# A server that ended so often before it was well once won't become well by itself.
_MOST_STARTS = 3


class _CancelledError(Exception):
    """Another component failed, so this one isn't waited for any more."""


@dataclass
class Launch:
    """One start of a stack: the components, and steps (functions that run once) between them."""

    site: Site
    supervisor: Supervisor
    passwords: dict[str, str]
    board: Board
    started: list[str] = field(default_factory=list)  # components that weren't running
    _well: dict[str, threading.Event] = field(default_factory=dict)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def run(
        self, components: Iterable[Component], steps: Mapping[str, tuple[tuple[str, ...], Callable[[], object]]]
    ) -> None:
        """Bring everything up.

        Args:
            components: all of the stack.
            steps: by name, what each one needs and what it does.

        Raises:
            StackError: a component does not become well, or a step fails.
        """
        components = list(components)
        self._well = {name: threading.Event() for name in (*(component.name for component in components), *steps)}
        with ThreadPoolExecutor(max_workers=len(self._well)) as pool:
            futures = [pool.submit(self._component, component) for component in components]
            futures += [pool.submit(self._step, name, needs, step) for name, (needs, step) in steps.items()]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                self._cancelled.set()
        failures = [error for future in futures if (error := future.exception())]
        for error in failures:
            if not isinstance(error, _CancelledError):
                raise error

    def _component(self, component: Component) -> None:
        self._wait_for(component.needs)
        process = self.supervisor.processes()[component.name]
        ran_before = process.runs
        if not ran_before:
            self.started.append(component.name)
            self.board.set(component.name, "starting")
            if process.state != "BACKOFF":
                self.supervisor.start(component.name)
        lack = self._until_well(component)
        if lack and ran_before:
            # It hangs, or lost its way: a new process gets one chance.
            self.started.append(component.name)
            self.board.set(component.name, "starting", f"restarted, because it {lack}")
            self.supervisor.stop(component.name)
            self.supervisor.wait_until_stopped([component.name])
            self.supervisor.start(component.name)
            lack = self._until_well(component)
        if lack:
            self.board.set(component.name, "failed", lack)
            if lack == health.REFUSED_LOGIN:
                raise MachineError(f"{component.name} {lack}.")
            raise StackError(failure(component, lack, self.site.state.log(component.name)))
        self.board.set(component.name, "well")
        self._well[component.name].set()

    def _until_well(self, component: Component) -> str | None:
        """Give None once the component is well, or what it lacked when its time was up."""
        deadline = time.monotonic() + component.start_seconds
        pids: set[int] = set()
        while True:
            process = self.supervisor.processes()[component.name]
            pids |= {process.pid} if process.pid else set()
            if process.state == "FATAL" or len(pids) > _MOST_STARTS:
                return f"ended again and again{f' ({process.detail})' if process.detail else ''}"
            lack = "has ended and will be started again"
            if process.runs:
                lack = health.ask(self.site, component, self.passwords, process.since)
            if lack is None:
                return None
            if lack == health.REFUSED_LOGIN:
                return lack
            if time.monotonic() > deadline:
                return f"{lack}, {component.start_seconds} seconds after its start"
            if self.board.rows[component.name].state == "starting":
                self.board.set(component.name, "starting", lack)
            self._pause()

    def _step(self, name: str, needs: tuple[str, ...], step: Callable[[], object]) -> None:
        self._wait_for(needs)
        self.board.set(name, "starting")
        try:
            step()
        except (StackError, PipelineError) as error:
            self.board.set(name, "failed", str(error).splitlines()[0])
            raise
        self.board.set(name, "well")
        self._well[name].set()

    def _wait_for(self, needs: Iterable[str]) -> None:
        for name in needs:
            while not self._well[name].wait(_POLL_SECONDS):
                if self._cancelled.is_set():
                    raise _CancelledError

    def _pause(self) -> None:
        if self._cancelled.wait(_POLL_SECONDS):
            raise _CancelledError


def failure(component: Component, lack: str, log: Path) -> str:
    """Give what is said of a component that does not become well, with the end of its log."""
    last = "\n".join(f"    {line}" for line in last_lines(log, _LAST_LOG_LINES)) or "    (the log is empty)"
    return (
        f"{component.name} does not become well: it {lack}. The end of its log says why; "
        f"`make logs COMPONENT={component.name}` shows all of it.\n{last}"
    )


def last_lines(log: Path, count: int) -> list[str]:
    """Give the last lines of a log file, none where there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 64 * 1024))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []
