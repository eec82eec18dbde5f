from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from dagster import AssetCheckSeverity

from pipeline_defs.stream_judgements import LagLimits, Said, judge_lag, judge_running
from pipeline_defs.supervision.driver_error import DriverError
from pipeline_defs.supervision.states import State
from tests.definitions.fakes import NOW
from tests.unit.supervision.worlds import ago

PATIENCE = timedelta(seconds=120)
LIMITS = LagLimits(warn_records=100, fail_records=1000, warn_seconds=60, fail_seconds=300)
WARN, ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR
BOOM = DriverError("boom.\nand more", "failed", ago(9))


def said(*states: tuple[State, float], heartbeat: datetime | None = None) -> Said:
    moments = [(state, ago(age)) for state, age in states]
    return Said(moments, "because", heartbeat or ago(5), BOOM)


@pytest.mark.parametrize("state", [State.RUNNING, State.IDLE, State.CATCHING_UP, State.STOPPED_ON_PURPOSE])
def test_what_is_as_it_is_wanted_passes(state: State):
    found = judge_running(said((state, 1000)), NOW, PATIENCE)
    assert found.passed
    assert "last_error" not in found.metadata
    assert found.description == f"{state}: because."


@pytest.mark.parametrize(
    ("states", "severity"),
    [
        ([(State.STARTING, 20)], WARN),
        ([(State.STARTING, 20), (State.RESTARTING, 119)], WARN),
        ([(State.STARTING, 20), (State.RESTARTING, 121)], ERROR),
        ([(State.STARTING, 20), (State.RUNNING, 121)], WARN),
        ([(State.STALLED, 1)], ERROR),
        ([(State.CRASH_LOOP, 1)], ERROR),
        ([(State.CLUSTER_UNREACHABLE, 121)], ERROR),
    ],
)
def test_what_is_on_its_way_is_a_warning_for_a_while(states: list[tuple[State, float]], severity: AssetCheckSeverity):
    found = judge_running(said(*states), NOW, PATIENCE)
    assert (found.passed, found.severity) == (False, severity)
    assert found.metadata["last_error"].value == BOOM.last_error
    assert found.metadata["last_error_at"].value == ago(9).timestamp()
    assert found.description == f"{states[0][0]}: because. A driver ended at {ago(9):%Y-%m-%d %H:%M:%S} UTC: boom."


def test_what_a_driver_tries_to_get_past_is_told_while_it_runs():
    found = judge_running(replace(said((State.RUNNING, 9)), error=DriverError("offset 7")), NOW, PATIENCE)
    assert found.passed
    assert found.description == "running: because. Its driver wrote: offset 7."
    assert "last_error_at" not in found.metadata


def test_a_supervisor_that_looks_no_more_is_noticed():
    found = judge_running(said((State.RUNNING, 5000), heartbeat=ago(241)), NOW, PATIENCE)
    assert (found.passed, found.severity) == (False, ERROR)
    assert "stream_supervisor is on. A driver ended" in str(found.description)


@pytest.mark.parametrize(("error", "end"), [(None, "is on."), (BOOM, "UTC: boom.")])
def test_a_supervisor_that_has_not_looked_is_a_warning(error: DriverError | None, end: str):
    found = judge_running(Said([], "", None, error), NOW, PATIENCE)
    assert (found.passed, found.severity) == (False, WARN)
    assert str(found.description).endswith(end)


@pytest.mark.parametrize(
    ("lag", "age", "passed", "severity"),
    [
        ({0: 0, 1: 0}, None, True, WARN),
        ({0: 99}, 59, True, WARN),
        ({0: 50, 1: 50}, 1, False, WARN),
        ({0: 1}, 61, False, WARN),
        ({0: 1}, 301, False, ERROR),
        ({0: 1000}, None, False, ERROR),
    ],
)
def test_lag(lag: dict[int, int], age: float | None, passed: bool, severity: AssetCheckSeverity):  # noqa: FBT001
    found = judge_lag(lag, None if age is None else ago(age), NOW, LIMITS)
    assert (found.passed, found.severity) == (passed, severity)
    assert found.metadata["records"].value == sum(lag.values())
