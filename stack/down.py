"""`pipeline down`: end the stream's driver for good, stop everything in reverse order, leave no process behind."""

import time

import requests
from rich.console import Console

from stack import health, processes, site
from stack.components import Site, start_order
from stack.display import Board
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor

_DAGSTER = ("dagster-daemon", "dagster-webserver", "dagster-code")
_DRIVER_SECONDS = 30.0
_CALL_SECONDS = 5.0


def down(settings: Settings, console: Console) -> None:
    """Stop the stack; its data stay.

    Raises:
        StackError: something does not stop.
    """
    state = State(settings.state)
    supervisor = Supervisor(state)
    if not state.exists():
        console.print(f"Nothing to stop: no stack was ever started in {state.root}.", soft_wrap=True)
        return
    with state.locked():
        if supervisor.answers():
            _stop_in_order(site.locate(settings), supervisor, console)
        elif not processes.marked(state):
            console.print("The stack is not running.")
            return
        stop_everything(state, supervisor)
        console.print(f"The stack is stopped. Its data stay in {state.root}.", soft_wrap=True)


def _stop_in_order(here: Site, supervisor: Supervisor, console: Console) -> None:
    known = supervisor.processes()
    needs = {component.name: component.needs for component in site.components(here)}
    board = Board(console, [name for name in needs if name in known])
    with board.shown():
        # Dagster first: its supervision would start the stream anew.
        _stop_group([name for name in _DAGSTER if name in known], supervisor, board)
        # Then the driver, through the master: one that is merely gone would be relaunched by the master's recovery.
        kill_drivers(here)
        for group in reversed(start_order(needs)):
            _stop_group([name for name in group if name in known and name not in _DAGSTER], supervisor, board)


def _stop_group(names: list[str], supervisor: Supervisor, board: Board) -> None:
    for name in names:
        board.set(name, "stopping")
        supervisor.stop(name)
    for name in names:
        supervisor.wait_until_stopped([name])
        board.set(name, "stopped")


def kill_drivers(here: Site) -> None:
    """Ask the master to kill every driver, and wait until none is left. What is wanted of the stream stays as it is."""
    deadline = time.monotonic() + _DRIVER_SECONDS
    asked: set[str] = set()
    while time.monotonic() < deadline:
        try:
            drivers = {driver["id"] for driver in health.spark_master(here)["activedrivers"]}
            for driver in drivers - asked:
                requests.post(f"{here.url('spark-master-rest')}/v1/submissions/kill/{driver}", timeout=_CALL_SECONDS)
                asked.add(driver)
        except (requests.RequestException, ValueError, KeyError):
            return
        if not drivers:
            return
        time.sleep(0.2)


def stop_everything(state: State, supervisor: Supervisor) -> None:
    """End supervisord and whatever still carries the stack's mark."""
    supervisor.shut_down()
    processes.end(processes.marked(state))
    state.delete_socket_folder()


def destroy(settings: Settings, console: Console) -> None:
    """Stop the stack and delete its data: what this program made in the state folder, and nothing else in it."""
    state = State(settings.state)
    down(settings, console)
    state.delete()
    console.print(f"The data in {state.root} are deleted.", soft_wrap=True)
