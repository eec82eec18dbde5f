"""The supervisor on the real stack: what it finds again, what it leaves alone, and what it heals."""

from datetime import datetime

import psutil
import pytest

from stack.supervisor import Supervisor
from tests.integration.stack import Stack
from tests.waiting import until

_STATE = "SELECT state FROM decisions ORDER BY id DESC LIMIT 1"
_ACTIONS = "SELECT action FROM decisions WHERE decided_at > %(since)s ORDER BY id"
_WELL = {"running", "idle", "catching up"}
_DAGSTER = ("dagster-code", "dagster-daemon", "dagster-webserver")


def state(stack: Stack) -> str:
    return stack.one(_STATE)


def application(stack: Stack) -> str:
    """Give the one application that is the stream."""
    [found] = [each for each in stack.spark_master().cluster().applications if each.name == "users_stream"]
    return found.id


def actions(stack: Stack, since: datetime) -> list[str]:
    """Give what the supervisor decided since then, apart from keeping and waiting."""
    decided = [row["action"] for row in stack.query(_ACTIONS, since=since)]
    return [action for action in decided if action not in ("keep", "wait")]


def gone(stack: Stack) -> bool:
    cluster = stack.spark_master().cluster()
    return not cluster.drivers and not cluster.applications


@pytest.fixture
def running(stack: Stack) -> Stack:
    """The stack, with a stream that is well before a test begins."""
    until(lambda: state(stack) in _WELL, "a stream that is well", 600)
    return stack


def now(stack: Stack) -> datetime:
    return stack.one("SELECT clock_timestamp()")


def test_a_dagster_that_is_killed_finds_its_stream_again(running: Stack) -> None:
    before, since = application(running), now(running)
    supervised = Supervisor(running.state).processes()
    for name in _DAGSTER:
        psutil.Process(supervised[name].pid).kill()
    until(lambda: "adopt" in actions(running, since), "adoption", 600)
    assert application(running) == before
    assert actions(running, since) == ["adopt"]


def test_a_driver_that_dies_is_the_masters_to_restart(running: Stack) -> None:
    before, since = application(running), now(running)
    running.kill_driver()
    until(lambda: not gone(running) and _other(running, before), "another application", 600)
    until(lambda: state(running) in _WELL, "a stream that is well", 600)
    assert actions(running, since) == []


def test_what_is_stopped_on_purpose_stays_stopped_until_somebody_starts_it(running: Stack) -> None:
    since = now(running)
    running.launch("stop_stream")
    until(lambda: state(running) == "stopped on purpose" and gone(running), "a stream that is stopped", 600)
    running.stop_component("dagster-daemon")
    running.up()
    ticked = now(running)
    until(lambda: _looked(running, ticked), "the supervisor has looked again", 600)
    assert gone(running)
    running.launch("start_stream")
    until(lambda: state(running) in _WELL, "a stream that is well", 600)
    assert actions(running, since) == []


def test_a_crash_loop_opens_the_breaker_and_start_stream_closes_it(running: Stack) -> None:
    since = now(running)
    running.query("REVOKE SELECT ON stream_offsets FROM users_stream")
    try:
        running.kill_driver()
        until(lambda: state(running) == "crash loop", "a crash loop", 1200)
        until(lambda: gone(running), "nothing on the cluster")
        until(lambda: running.check("users_stream", "stream_running") == "failed", "stream_running fails")
        assert "permission denied" in running.one("SELECT last_error FROM driver_starts ORDER BY id DESC LIMIT 1")
        until(lambda: "ask for help" in actions(running, since), "the supervisor asks for help")
        assert actions(running, since) == ["give up", "ask for help"]
    finally:
        running.query("GRANT SELECT ON stream_offsets TO users_stream")
    running.launch("start_stream")
    until(lambda: state(running) in _WELL, "a stream that is well", 600)
    until(lambda: running.check("users_stream", "stream_running") == "passed", "stream_running passes", 600)


def _other(stack: Stack, before: str) -> bool:
    found = stack.spark_master().cluster().applications
    return bool(found) and all(each.id != before for each in found)


def _looked(stack: Stack, since: datetime) -> bool:
    statement = """
        SELECT count(*) > 1 AS looked FROM event_logs
        WHERE
            dagster_event_type = 'ASSET_OBSERVATION'
            AND asset_key = '["users_stream"]'
            AND "timestamp" > (%(since)s::timestamptz AT TIME ZONE 'UTC')
    """
    return stack.dagster_storage(statement, since=since)[0]["looked"]
