import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from stack import status, status_display
from stack.dagster_view import Check, Stream, View
from stack.errors import ExitCode
from stack.status import ComponentStatus, Status
from stack.tables import Pipeline

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

LOG = """\
2026-01-02 03:00:00,000 INFO supervisord started with pid 1
2026-01-02 03:00:01,000 INFO spawned: 'broker-1' with pid 2
2026-01-02 03:00:02,000 INFO spawned: 'broker-1' with pid 3
"""


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", {}),
        (LOG, {"broker-1": 1}),
        (LOG + "2026-01-02 03:00:03,000 INFO supervisord started with pid 9\n", {}),
        (LOG + "2026-01-02 03:00:03,000 INFO spawned: 'postgres' with pid 4\n", {"broker-1": 1, "postgres": 0}),
    ],
)
def test_restarts_are_those_since_the_supervisor_started(log: str, expected: dict[str, int]):
    assert status.restarts(log) == expected


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=3, hours=1), "3 d 1 h"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_age(ago: timedelta, text: str):
    assert status_display.age(NOW - ago, NOW) == text


def test_no_moment_has_no_age():
    assert status_display.age(None, NOW) == "-"


def line(state: str) -> ComponentStatus:
    return ComponentStatus("broker-1", state, NOW, 0, (9095,), 200, 1.5)


def check(outcome: str) -> Check:
    return Check("users", "freshness", outcome, "The newest row is 9 s old.", NOW)


def whole(states: list[str], outcomes: list[str]) -> Status:
    view = View(Stream("idle", "it waits for input", NOW), [check(outcome) for outcome in outcomes])
    return Status([line(state) for state in states], Pipeline("running", NOW, "emitted", None, 7), view, {"state": 9})


@pytest.mark.parametrize(
    ("states", "outcomes", "code"),
    [
        (["well", "well"], ["passed", "warned", "nothing yet"], ExitCode.DONE),
        (["well", "fatal"], [], ExitCode.UNHEALTHY),
        (["well"], ["passed", "failed"], ExitCode.UNHEALTHY),
        ([], [], ExitCode.DONE),
    ],
)
def test_the_exit_code_tells_whether_all_is_well(states: list[str], outcomes: list[str], code: ExitCode):
    assert status.exit_code(whole(states, outcomes)) == code


def test_the_json_is_for_programs():
    read = json.loads(json.dumps(status.as_json(whole(["well"], ["passed"]))))
    assert read["components"] == [
        {
            "name": "broker-1",
            "state": "well",
            "since": "2026-01-02T03:04:05+00:00",
            "restarts": 0,
            "ports": [9095],
            "memory_mib": 200,
            "cpu_percent": 1.5,
        }
    ]
    assert read["pipeline"]["last_slot"] == "2026-01-02T03:04:05+00:00"
    assert read["pipeline"]["lag"] == 7
    assert read["pipeline"]["stream"]["state"] == "idle"
    assert [each["outcome"] for each in read["pipeline"]["checks"]] == ["passed"]
    assert read["disk_left_mib"] == {"state": 9}


def test_people_read_each_check_and_the_stream_s_reason(capsys: pytest.CaptureFixture[str]):
    status_display.show(whole(["well"], ["failed"]), Console(width=200))
    shown = capsys.readouterr().out
    assert "idle: it waits for input" in shown
    assert "users freshness" in shown
    assert "failed" in shown
    assert "0.0 GiB for the state folder" in shown
