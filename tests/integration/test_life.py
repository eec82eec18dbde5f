"""Up, up again, down, up: what runs, what stays, and what is left behind."""

from collections.abc import Iterator
from typing import NamedTuple

import psutil

from tests.integration.stack import Stack
from tests.waiting import until


class Listener(NamedTuple):
    address: str
    port: int
    process: int | None


def listeners() -> Iterator[Listener]:
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            yield Listener(connection.laddr.ip, connection.laddr.port, connection.pid)


def test_up_on_a_running_stack_says_so_and_heals_what_is_missing(stack: Stack) -> None:
    assert "running already" in stack.up()
    stack.stop_component("spark-worker-2")
    assert "spark-worker-2" in stack.up()
    assert all(component["state"] == "well" for component in stack.components().values())


def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    ours = {process.pid for process in stack.processes()}
    addresses = {listener.address for listener in listeners() if listener.process in ours}
    assert addresses
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_down_leaves_nothing_behind_and_up_finds_the_data(stack: Stack) -> None:
    rows = stack.one("SELECT count(*) FROM users")
    processes = stack.processes()
    ports = {port for component in stack.components().values() for port in component["ports"]}
    assert ports <= {listener.port for listener in listeners()}
    stack.pipeline("down")
    assert not [process for process in processes if process.is_running()]
    assert not ports & {listener.port for listener in listeners()}

    stack.up()
    assert stack.one("SELECT count(*) FROM users") >= rows
    until(lambda: stack.one("SELECT max(slot) > now() - interval '40 seconds' FROM slots"), "the grid goes on")
    until(lambda: stack.check("users", "freshness") == "passed", "freshness green after the restart")
