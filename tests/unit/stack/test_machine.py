import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack import machine, processes
from stack.errors import MachineError
from stack.machine import clock, ports, room
from stack.machine.situation import Situation
from stack.settings import Settings

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_its_owner(taken_port: int, monkeypatch: pytest.MonkeyPatch):
    settings = Settings(postgres_port=taken_port)
    monkeypatch.setattr(processes, "port_is_free", lambda port: port != taken_port)
    with pytest.raises(MachineError, match=rf"Port {taken_port}, which postgres needs, .*process {os.getpid()} of"):
        ports.ports(Situation(settings))


def test_a_port_of_a_component_that_runs_is_its_own(taken_port: int, monkeypatch: pytest.MonkeyPatch):
    others_idle = Situation(Settings(postgres_port=taken_port), frozenset({"postgres"}))
    monkeypatch.setattr(processes, "port_is_free", lambda port: port != taken_port)
    assert ports.ports(others_idle).endswith("1 are the stack's own")


def test_a_free_port_is_free(taken_port: int):
    assert not processes.port_is_free(taken_port)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert processes.port_is_free(port)


@pytest.mark.parametrize("running", [frozenset(), frozenset({"postgres"})])
@pytest.mark.parametrize(("what", "says"), [("DISK", "GiB left, and"), ("MEMORY", "memory are available, and")])
def test_too_little_room_is_said(
    what: str, says: str, running: frozenset[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    situation = Situation(Settings(state=tmp_path / "not" / "yet", cache=tmp_path), running)
    check = {"DISK": room.disk, "MEMORY": room.memory}[what]
    check(situation)
    monkeypatch.setattr(room, f"_{what}_TO_{'GO_ON' if running else 'START'}", 2**60)
    with pytest.raises(MachineError, match=says):
        check(situation)


def control_group(folder: Path, *, limit: str, used: int, inactive: int, second: bool) -> None:
    folder.mkdir(parents=True)
    names = ("memory.max", "memory.current") if second else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{'inactive_file' if second else 'total_inactive_file'} {inactive}\n")


@pytest.mark.parametrize("second", [False, True])
def test_a_container_s_limit_counts(second: bool, tmp_path: Path):  # noqa: FBT001 - a case
    groups = tmp_path / "cgroup"
    lines = tmp_path / "of_this_process"
    lines.write_text("0::/outer/inner\n" if second else "4:memory:/outer/inner\n3:cpuset:/\n")
    outer = (groups if second else groups / "memory") / "outer"
    control_group(outer, limit="3000", used=1000, inactive=600, second=second)
    control_group(outer / "inner", limit="max", used=0, inactive=0, second=second)
    assert room.available_memory(lines, groups) == 3000 - (1000 - 600)


def test_without_control_groups_the_machine_counts(tmp_path: Path):
    assert room.available_memory(tmp_path / "none", tmp_path) > 2**20


@pytest.mark.parametrize("seconds", [-3600, -60, 0, 59])
def test_a_start_in_the_past_says_nothing_of_the_clock(seconds: int):
    clock.judge_record(NOW + timedelta(seconds=seconds), NOW, "file")
    clock.judge_record(None, NOW, "file")


def test_a_clock_before_the_last_start_is_wrong():
    with pytest.raises(MachineError, match=r"says 2026-01-02 03:04 UTC, but the last start .* 2026-01-02 03:06 UTC"):
        clock.judge_record(NOW + timedelta(seconds=120), NOW, "file")


@pytest.mark.parametrize(("seconds", "says"), [(61, "61 seconds ahead of"), (-3600, "3600 seconds behind")])
def test_a_clock_that_differs_from_the_api_s_is_wrong(seconds: int, says: str):
    with pytest.raises(MachineError, match=says):
        clock.judge_date(NOW, NOW + timedelta(seconds=seconds), "http://api")
    clock.judge_date(NOW, NOW + timedelta(seconds=59), "http://api")


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({"Date": "Fri, 02 Jan 2026 03:04:05 GMT"}, NOW),
        ({"Date": "Fri, 02 Jan 2026 03:03:05 GMT", "Age": "60"}, NOW),
        ({"Date": "today"}, None),
        ({}, None),
        ({"Date": "Fri, 02 Jan 2026 03:04:05 GMT", "Age": "old"}, None),
    ],
)
def test_the_date_of_an_answer(headers: dict[str, str], moment: datetime | None):
    assert clock.date_of(headers) == moment


def test_a_start_is_refused_for_the_first_thing_that_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def wrong(says: str) -> machine.Check:
        def check(_situation: Situation) -> str:
            raise MachineError(says)

        return check

    situation = Situation(Settings(state=tmp_path))
    monkeypatch.setattr(machine, "CHECKS", {"one": lambda _: "fine", "jars": wrong("mended by up"), "two": wrong("it")})
    assert [(finding.name, finding.well) for finding in machine.examine(situation)] == [
        ("one", True),
        ("jars", False),
        ("two", False),
    ]
    with pytest.raises(MachineError, match=r"^it$"):
        machine.require(situation)


def test_usage_counts_this_process():
    used = processes.usage(os.getpid())
    assert used.memory_bytes > 2**20
    assert used.cpu_seconds > 0


def test_a_process_that_is_gone_uses_nothing():
    assert processes.usage(2**22 + 1) == processes.Usage(0, 0.0)
