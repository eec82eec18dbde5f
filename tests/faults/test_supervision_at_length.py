"""What takes the supervisor minutes: a long absence of Dagster, a power cut, drivers that fail, a backlog."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tests.faults import victims
from tests.faults.load import Load
from tests.faults.rounds import wait_until_calm
from tests.faults.verification import Before, ends_of, is_consumed, verify
from tests.integration import stream
from tests.integration.stack import TOPIC, Stack
from tests.waiting import until

_AWAY_SECONDS = 300
_HAS_LIVED = """
SELECT ended_at IS NULL AND started_at < now() - INTERVAL '1 minute' FROM driver_starts ORDER BY id DESC LIMIT 1
"""
_REFUSE_ROWS, _TAKE_ROWS = "REVOKE INSERT ON users FROM users_stream", "GRANT INSERT ON users TO users_stream"
_BREAKER_SECONDS = 1800
_BACKLOG = 400_000


def test_the_records_of_others_arrive_while_dagster_is_away_for_minutes(stack: Stack) -> None:
    wait_until_calm(stack)
    stream.wait_until_well(stack)
    application, since, before = stream.application(stack), stream.now(stack), Before.now(stack)
    for name in stream.DAGSTER:
        stack.stop_component(name)
    sent = {}
    back_at = time.monotonic() + _AWAY_SECONDS
    while time.monotonic() < back_at:
        load = Load(secrets.randbits(48), 100)
        load.send(stack.bootstrap_servers, TOPIC)
        ends = ends_of(load.places)
        until(lambda ends=ends: is_consumed(stack, ends), "the records of others in the tables")
        sent |= load.places
    stack.up()
    until(lambda: "adopt" in stream.actions(stack, since), "adoption", 600)
    assert stream.application(stack) == application
    assert stream.actions(stack, since) == ["adopt"]
    assert verify(stack, sent, before).is_clean


def test_a_power_cut_leaves_a_stream_stopped_that_was_stopped_on_purpose(stack: Stack) -> None:
    stream.wait_until_well(stack)
    since = stream.now(stack)
    stream.stop(stack)
    victims.cut_the_power(stack)
    stack.up()
    stream.wait_for_looks(stack)
    assert stream.is_gone(stack)
    assert stream.state(stack) == "stopped on purpose"
    stream.start(stack)
    assert stream.actions(stack, since) == []


def test_a_backlog_is_caught_up_with_and_the_estimate_falls(stack: Stack) -> None:
    wait_until_calm(stack)
    stream.wait_until_well(stack)
    stream.stop(stack)
    load = Load(secrets.randbits(48), _BACKLOG)
    load.send(stack.bootstrap_servers, TOPIC)
    since, before = stream.now(stack), Before.now(stack)
    stream.start(stack)
    ends = ends_of(load.places)
    until(lambda: is_consumed(stack, ends), "the backlog in the tables", 1800)
    said = [re.search(r"about (\d+) s to go", look) for look in stream.looks(stack, since)]
    estimates = [int(found[1]) for found in said if found]
    assert len(estimates) > 1, estimates
    assert estimates[-1] < estimates[0], estimates
    assert verify(stack, load.places, before).is_clean


def test_a_driver_that_always_fails_opens_the_breaker_and_start_stream_closes_it(stack: Stack) -> None:
    with _a_breaker_that_opens(stack) as since:
        stack.query("REVOKE SELECT ON stream_offsets FROM users_stream")
        try:
            stack.kill_driver()
            until(lambda: stream.state(stack) == "crash loop", "a crash loop", _BREAKER_SECONDS)
            _is_given_up(stack, since)
            assert "permission denied for table stream_offsets" in _last_error(stack)
        finally:
            stack.query("GRANT SELECT ON stream_offsets TO users_stream")


def test_a_driver_that_fails_after_a_minute_opens_the_breaker_too(stack: Stack) -> None:
    def fails_after_a_minute() -> bool:
        # By an error of its own: one that is killed counts less, as a machine's faults pass.
        stack.query(_REFUSE_ROWS if stack.one(_HAS_LIVED) else _TAKE_ROWS)
        return stream.state(stack) == "crash loop"

    with _a_breaker_that_opens(stack) as since:
        try:
            until(fails_after_a_minute, "a crash loop", _BREAKER_SECONDS)
            _is_given_up(stack, since)
            assert _last_error(stack).endswith("InsufficientPrivilege: permission denied for table users")
        finally:
            stack.query(_TAKE_ROWS)


@contextmanager
def _a_breaker_that_opens(stack: Stack) -> Iterator[datetime]:
    stream.wait_until_well(stack)
    stream.forget_starts(stack)
    yield stream.now(stack)
    stream.start(stack)
    until(lambda: stack.check("users_stream", "stream_running") == "passed", "stream_running passes", 600)


def _is_given_up(stack: Stack, since: datetime) -> None:
    until(lambda: stream.is_gone(stack), "nothing on the cluster")
    until(lambda: stack.check("users_stream", "stream_running") == "failed", "stream_running fails")
    until(lambda: "ask for help" in stream.actions(stack, since), "the supervisor asks for help")
    assert stream.actions(stack, since) == ["give up", "ask for help"]


def _last_error(stack: Stack) -> str:
    return stack.dagster_ui.texts_of_check("users_stream", "stream_running")["last_error"]
