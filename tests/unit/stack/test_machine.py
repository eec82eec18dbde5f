import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import machine, processes
from stack.components import Component, Probe
from stack.errors import MachineError
from stack.settings import Settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_its_owner(taken_port: int):
    component = Component("postgres", (), Probe.POSTGRESQL, (taken_port,))
    with pytest.raises(MachineError, match=rf"Port {taken_port}, which postgres needs, .*process {os.getpid()} of"):
        machine.check_ports([component])


def test_a_free_port_is_free(taken_port: int):
    assert not processes.port_is_free(taken_port)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert processes.port_is_free(port)
    machine.check_ports([Component("postgres", (), Probe.POSTGRESQL, (port,))])


@pytest.mark.parametrize(("what", "says"), [("_WANTED_DISK", "GiB left"), ("_WANTED_MEMORY", "memory are available")])
def test_too_little_room_is_said(what: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(machine, what, 2**60)
    with pytest.raises(MachineError, match=says):
        machine.check_room(Settings(state=tmp_path / "not" / "yet", cache=tmp_path))


def test_usage_counts_this_process():
    used = processes.usage(os.getpid())
    assert used.memory_bytes > 2**20
    assert used.cpu_seconds > 0


def test_a_process_that_is_gone_uses_nothing():
    assert processes.usage(2**22 + 1) == processes.Usage(0, 0.0)
