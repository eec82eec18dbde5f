"""Supervisord: its configuration, rendered from the components, and a client that asks it over its private socket."""

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from stack.components import Component
from stack.errors import NotRunningError, StackError
from stack.shell import inherited_environment
from stack.state import State, write_private

# Every process of a stack carries this in its environment, so that one that lost its supervisor can be found.
MARK = "PIPELINE_STACK_FOLDER"

_LOG_BYTES = "10MB"
_LOG_FILES = 3
_CALL_SECONDS = 20.0
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Process:
    """What supervisord says of a component."""

    name: str
    state: str  # STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL, UNKNOWN
    pid: int | None
    since: float  # epoch seconds of the last start, 0 for never
    detail: str

    @property
    def runs(self) -> bool:
        """Whether there is a process, or is about to be."""
        return self.state in ("RUNNING", "STARTING")


def render(state: State, components: Sequence[Component], *, as_root: bool) -> str:
    """Give supervisord's configuration for these components."""
    folder = state.supervisor
    head = {
        "unix_http_server": {"file": state.socket, "chmod": "0700"},
        "supervisord": {
            "logfile": folder / "supervisord.log",
            "logfile_maxbytes": _LOG_BYTES,
            "logfile_backups": _LOG_FILES,
            "pidfile": folder / "supervisord.pid",
            "childlogdir": state.logs,
            "umask": "077",
            "minfds": 1024,
            **({"user": "root"} if as_root else {}),
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    programs = {f"program:{component.name}": _program(state, component) for component in components}
    return "\n".join(
        f"[{section}]\n" + "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())
        for section, values in (head | programs).items()
    )


def _program(state: State, component: Component) -> dict[str, object]:
    environment = {**component.environment, MARK: str(state.root)}
    return {
        "command": shlex.join(component.command),
        "directory": component.folder or state.root,
        "environment": ",".join(f"{name}={_quoted(value)}" for name, value in sorted(environment.items())),
        **({"user": component.account} if component.account else {}),
        # `pipeline up` starts them, in the order of their needs; what dies after that is started again.
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 3,
        "startretries": 100,
        "stopsignal": component.stop_signal,
        "stopwaitsecs": component.stop_seconds,
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": state.log(component.name),
        "stdout_logfile_maxbytes": _LOG_BYTES,
        "stdout_logfile_backups": _LOG_FILES,
    }


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _quoted(value: str) -> str:
    # Supervisord knows no escapes: it takes quotes off both ends, and a comment sign after a blank ends the line.
    if any(sign in value for sign in ('"', "\n", " ;", " #")) or value.strip("'") != value:
        raise StackError(
            f"The setting {value!r} can't be handed to a server: it has a double quote, a quote at an end, a line "
            "break, or a comment sign after a blank. Change it."
        )
    return f'"{value}"'


def mark_children(state: State) -> None:
    """Let every process that this one starts from now on carry the mark."""
    os.environ[MARK] = str(state.root)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - as in the base class
        # Kept where the base class looks for what close() has to close.
        self._connection = host, _Connection(self._path)
        return self._connection[1]


class Supervisor:
    """The supervisord of one state folder. Making this object asks nothing."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._configuration = state.supervisor / "supervisord.conf"

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - each method gives what it gives
        """Call a method of supervisord's XML-RPC interface.

        Raises:
            StackError: supervisord refuses, or doesn't answer.
        """
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(self.state.socket)) as proxy:
                return getattr(proxy, f"supervisor.{method}")(*arguments)
        except (OSError, http.client.HTTPException) as error:
            raise StackError(f"The supervisor of {self.state.root} doesn't answer ({error}). Run `make up`.") from None
        except xmlrpc.client.Fault as fault:
            raise StackError(f"The supervisor refuses {method}{arguments}: {fault.faultString}") from fault

    def answers(self) -> bool:
        """Tell whether supervisord is up."""
        try:
            return self.call("getState")["statename"] == "RUNNING"
        except StackError:
            return False

    def must_answer(self) -> None:
        """See that the stack runs.

        Raises:
            NotRunningError: supervisord is not up.
        """
        if not self.answers():
            raise NotRunningError(f"The stack of {self.state.root} is not running. `make up` starts it.")

    def configure(self, components: Sequence[Component]) -> None:
        """Write the configuration."""
        write_private(self._configuration, render(self.state, components, as_root=os.geteuid() == 0))

    def launch(self) -> None:
        """Start supervisord in the background; it starts no component by itself.

        Raises:
            StackError: it doesn't come up.
        """
        environment = inherited_environment() | {MARK: str(self.state.root)}
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_START_SECONDS, check=False, cwd="/"
            )
        except subprocess.TimeoutExpired:
            raise StackError(
                f"The supervisor did not start within {_START_SECONDS:.0f} seconds. Try again when the machine is "
                "less busy."
            ) from None
        deadline = time.monotonic() + _START_SECONDS
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.05)
        said = (done.stderr or done.stdout).strip() or f"see {self.state.supervisor / 'supervisord.log'}"
        raise StackError(f"The supervisor does not start: {said}")

    def apply(self) -> tuple[list[str], list[str]]:
        """Take over a changed configuration: what changed or went is stopped. Give names changed, and names removed."""
        [[added, changed, removed]] = self.call("reloadConfig")
        for name in (*changed, *removed):
            self.stop(name)
            self.wait_until_stopped([name])
            self.call("removeProcessGroup", name)
        for name in (*added, *changed):
            self.call("addProcessGroup", name)
        return list(changed), list(removed)

    def processes(self) -> dict[str, Process]:
        """Give what supervisord says of each component."""
        return {
            said["name"]: Process(
                name=said["name"],
                state=said["statename"],
                pid=said["pid"] or None,
                since=float(said["start"]),
                detail=said["spawnerr"] or said["description"],
            )
            for said in self.call("getAllProcessInfo")
        }

    def start(self, name: str) -> None:
        """Ask for a start, without waiting for it."""
        self.call("startProcess", name, False)  # noqa: FBT003 - XML-RPC knows positions only

    def stop(self, name: str) -> None:
        """Ask for a stop, without waiting for it; one that doesn't run is left."""
        if self.processes()[name].state in ("RUNNING", "STARTING", "BACKOFF"):
            self.call("stopProcess", name, False)  # noqa: FBT003

    def wait_until_stopped(self, names: Sequence[str], seconds: float = 90.0) -> None:
        """Wait until none of them runs.

        Raises:
            StackError: one does not stop.
        """
        deadline = time.monotonic() + seconds
        while running := [
            name for name in names if self.processes()[name].state in ("RUNNING", "STARTING", "STOPPING", "BACKOFF")
        ]:
            if time.monotonic() > deadline:
                raise StackError(
                    f"{', '.join(running)} did not stop within {seconds:.0f} seconds. Run `make down` again."
                )
            time.sleep(0.1)

    def shut_down(self, seconds: float = 120.0) -> None:
        """End supervisord, and with it whatever component still runs."""
        pid = self._pid()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
            psutil.Process(pid).wait(timeout=seconds)
        except (ProcessLookupError, psutil.NoSuchProcess):
            pass
        except psutil.TimeoutExpired:
            psutil.Process(pid).kill()

    def _pid(self) -> int | None:
        """Give supervisord's process id where its pid file names a living process that carries our mark."""
        try:
            pid = int((self.state.supervisor / "supervisord.pid").read_text(encoding="utf-8"))
            return pid if psutil.Process(pid).environ().get(MARK) == str(self.state.root) else None
        except (OSError, ValueError, psutil.Error):
            return None
