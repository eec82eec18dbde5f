"""The tables in which the supervisor, the jobs and the driver meet: what each statement does to them."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql.streaming.query import StreamingQuery

from pipeline_defs.database import Database as Tables
from spark import driver_state
from tests.postgresql.server import Database

_LONG_AGO = datetime.now(UTC) - timedelta(days=1)

Run = Callable[..., list[dict[str, object]]]


@pytest.fixture
def run(database: Database) -> Run:
    tables = Tables(database.settings.database_url)
    return lambda name, **values: [dict(row) for row in tables.run(name, **values)]


def start(run: Run, driver: str = "driver-1") -> int:
    return int(str(run("stream_start_record", driver_id=driver)[0]["id"]))


def wanted(run: Run, start_id: int) -> object:
    return run("stream_wanted", start_id=start_id)[0]["wanted"]


def want(run: Run, what: str) -> None:
    run("stream_state_want", wanted=what, changed_by="somebody", code_version=None)


def test_a_driver_is_wanted_while_the_stream_is(run: Run):
    driver = start(run)
    assert wanted(run, driver) is True
    want(run, "stopped")
    assert wanted(run, driver) is False


def test_after_a_restart_only_younger_drivers_are_wanted(run: Run):
    older = start(run)
    run("stream_state_restart")
    assert (wanted(run, older), wanted(run, start(run))) == (False, True)


def test_after_giving_up_no_driver_is_wanted_until_somebody_asks(run: Run):
    run("stream_state_give_up")
    driver = start(run)
    assert wanted(run, driver) is False
    before = run("stream_state_read")[0]["asked_at"]
    want(run, "running")
    [state] = run("stream_state_read")
    assert wanted(run, driver) is True
    assert state["gave_up_at"] is None
    assert state["asked_at"] != before


def decide(run: Run, action: str, outcome: str | None = None) -> int:
    values = {"state": "starting", "action": action, "reason": "because", "subject": None, "outcome": outcome}
    values["decided_at"] = run("stream_state_read")[0]["now"]
    return int(str(run("decisions_record", **values)[0]["id"]))


def test_an_outcome_is_written_once(run: Run):
    number = decide(run, "start")
    for outcome, driver in (("submitted as driver-7", "driver-7"), ("lost", None)):
        run("decisions_finish", id=number, run_id="run", outcome=outcome, subject=driver)
    [row] = run("decisions_read", id=number)
    assert row == {
        "action": "start",
        "subject": "driver-7",
        "outcome": "submitted as driver-7",
        "overtaken": False,
    }


def test_a_decision_is_overtaken_by_what_somebody_asks_for_after_it(run: Run):
    want(run, "running")
    number = decide(run, "give up")
    assert run("decisions_read", id=number)[0]["overtaken"] is False
    want(run, "running")
    assert run("decisions_read", id=number)[0]["overtaken"] is True


def test_pruning_leaves_the_newest_decision_however_old(run: Run):
    for action in ("start", "keep", "keep"):
        newest = decide(run, action, "noted")
    run("history_prune_decisions", before=datetime.now(UTC) + timedelta(days=1))
    assert [row["id"] for row in run("decisions_recent")] == [newest]


def test_own_starts_are_found_with_their_drivers_and_in_order(run: Run):
    for action in ("start", "give up", "restart"):
        run("decisions_finish", id=decide(run, action), run_id=None, outcome="done", subject=f"after {action}")
    decide(run, "start")
    run("decisions_finish", id=decide(run, "start"), run_id=None, outcome="not needed: it is there", subject="no")
    assert [row["subject"] for row in run("decisions_starts", since=_LONG_AGO)] == ["after start", "after restart"]
    assert [row["action"] for row in run("decisions_recent")][2:] == ["restart", "give up", "start"]
    assert [row["action"] for row in run("decisions_tried", since=_LONG_AGO)][:3] == ["start", "give up", "restart"]


def test_starts_are_counted_and_the_one_of_the_application_is_found_however_old(run: Run):
    first = start(run)
    run("stream_start_describe", id=first, application_id="app-1", code_version="v1")
    run("stream_start_end", id=start(run, "driver-2"), outcome="failed", last_error="boom")
    run("stream_start_end", id=start(run, "driver-3"), outcome="refused", last_error=None)
    soon = datetime.now(UTC) + timedelta(days=1)
    assert [row["application_id"] for row in run("driver_starts_since", since=soon)] == ["app-1"]
    assert run("driver_starts_count", since=_LONG_AGO) == [{"starts": 2}]
    assert run("driver_starts_last_error")[0]["last_error"] == "boom"


def test_slots_are_counted_by_what_became_of_them(run: Run, database: Database):
    moment = datetime.now(UTC)
    for seconds, outcome, late in ((100, "emitted", 1), (75, "emitted", 9), (50, "missed", None), (25, "failed", None)):
        slot = moment - timedelta(seconds=seconds)
        emitted = None if late is None else slot + timedelta(seconds=late)
        database.run(
            "INSERT INTO slots (slot, outcome, emitted_at) VALUES (%(slot)s, %(outcome)s, %(emitted)s)",
            {"slot": slot, "outcome": outcome, "emitted": emitted},
        )
    [row] = run("slots_recent", since=_LONG_AGO, late_seconds=5, cadence=25, begins_seconds=180)
    assert {name: row[name] for name in ("slots", "missed", "failed", "late")} == {
        "slots": 4,
        "missed": 1,
        "failed": 1,
        "late": 1,
    }


def missed(database: Database, moment: datetime, *seconds_ago: int) -> None:
    for seconds in seconds_ago:
        database.run(
            "INSERT INTO slots (slot, outcome) VALUES (%(slot)s, 'missed')",
            {"slot": moment - timedelta(seconds=seconds)},
        )


@pytest.mark.parametrize(
    ("before", "seconds_ago", "beginning"),
    [
        pytest.param((), (300, 275, 250), 3, id="a fresh start"),
        pytest.param((), range(300, 0, -25), 8, id="only so much of it"),
        pytest.param((9000, 8975), (300, 275), 2, id="it was off for hours"),
        pytest.param((650, 625), (600, 575, 550), 0, id="it has been on for long"),
        pytest.param((650, 625), (600, 575, 100, 75), 2, id="it was off for minutes"),
    ],
)
def test_the_first_slots_after_the_schedule_was_off_are_told_apart(
    run: Run, database: Database, before: Sequence[int], seconds_ago: Sequence[int], beginning: int
):
    moment = datetime.now(UTC)
    missed(database, moment, *before, *seconds_ago)
    since = moment - timedelta(seconds=610)
    [row] = run("slots_recent", since=since, late_seconds=5, cadence=25, begins_seconds=180)
    assert (row["slots"], row["missed"], row["beginning"]) == (len(seconds_ago), len(seconds_ago), beginning)


def test_the_heartbeat_moves_on_while_the_first_batch_takes_long(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(driver_state, "_SECONDS_BETWEEN_REPORTS", 0.0)
    at_its_first_batch = cast("StreamingQuery", SimpleNamespace(recentProgress=[]))
    with closing(driver_state.Session(database.url("users_stream"))) as session:
        reporter = driver_state.Reporter(session, "app-1")
        reporter.report(at_its_first_batch, {})
        before = run("stream_progress_latest")[0]["heartbeat_at"]
        reporter.report(at_its_first_batch, {})
    assert run("stream_progress_latest")[0]["heartbeat_at"] != before


def test_the_streams_own_word_is_told_from_that_of_a_driver_past_the_master(run: Run):
    values = {"batch_id": 0, "started_at": datetime.now(UTC), "input_rows": 1, "batch_ms": 1, "durations_ms": "{}"}
    rates = {"input_rows_per_second": 1.0, "processed_rows_per_second": 1.0}
    for application in ("app-1", "local-1"):
        run("stream_progress_record", application_id=application, **values, **rates)
    assert run("stream_progress_latest")[0]["application_id"] == "local-1"
    assert run("stream_progress_of", applications=["app-1"])[0]["application_id"] == "app-1"
    assert run("stream_progress_of", applications=[]) == []
