"""The supervisor on the real stack: what it finds again, what it leaves alone, and what it heals."""

import psutil
import pytest

from stack.supervisor import Supervisor
from tests.integration import stream
from tests.integration.stack import Stack
from tests.waiting import until


@pytest.fixture
def running(stack: Stack) -> Stack:
    """The stack, with a stream that is well before a test begins."""
    stream.wait_until_well(stack)
    return stack


def test_a_dagster_that_is_killed_finds_its_stream_again(running: Stack) -> None:
    before, since = stream.application(running), stream.now(running)
    supervised = Supervisor(running.state).processes()
    for name in stream.DAGSTER:
        psutil.Process(supervised[name].pid).kill()
    until(lambda: "adopt" in stream.actions(running, since), "adoption", 600)
    assert stream.application(running) == before
    assert stream.actions(running, since) == ["adopt"]


def test_a_driver_that_dies_is_the_masters_to_restart(running: Stack) -> None:
    before, since = stream.application(running), stream.now(running)
    running.kill_driver()
    until(lambda: stream.is_another(running, before), "another application", 600)
    stream.wait_until_well(running)
    assert stream.actions(running, since) == []


def test_what_is_stopped_on_purpose_stays_stopped_until_somebody_starts_it(running: Stack) -> None:
    since = stream.now(running)
    stream.stop(running)
    running.stop_component("dagster-daemon")
    running.up()
    stream.wait_for_looks(running)
    assert stream.is_gone(running)
    stream.start(running)
    assert stream.actions(running, since) == []
