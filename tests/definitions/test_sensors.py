import json
import sys
from datetime import datetime, timedelta

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetMaterialization,
    DagsterInstance,
    SensorResult,
    SkipReason,
)

from pipeline_defs import sensors
from pipeline_defs.definitions import defs
from pipeline_defs.settings import Settings
from tests.definitions.fakes import (
    EMPTY_CLUSTER,
    NOTHING_LOST,
    FakeDatabase,
    FakeMaster,
    FakeTopic,
    healthy_topic,
    wanted,
)
from tests.definitions.looking import look, result

# The package shows the sensor under the module's name.
SLOT_WATCH = sys.modules["pipeline_defs.sensors.slot_watch"]


# users_observer


def ledger_rows(next_offset: int) -> list[dict[str, object]]:
    counts = {"inserted": next_offset - 1, "duplicates": 0, "rejected": 1, "skipped": 0}
    return [{"topic_id": "topic-id", "partition": 0, "next_offset": next_offset, **counts}]


def users_database(next_offset: int) -> FakeDatabase:
    return FakeDatabase(
        {
            "ledger_read": ledger_rows(next_offset),
            "users_last_id": [{"last_id": 120}],
            "users_latency": [{"last_id": 120, "seconds": [0.5, 1.25, 2.0]}],
            "users_count": [{"row_count": 500, "inserted": next_offset - 1}],
        }
    )


def test_users_is_materialized_when_the_ledger_advances(instance: DagsterInstance):
    topic = FakeTopic(healthy_topic(), {0: 25, 1: 0, 2: 0})
    first = result(look(sensors.users_observer, instance, database=users_database(11), topic=topic))
    [event] = first.asset_events
    assert isinstance(event, AssetMaterialization)
    values = {name: entry.value for name, entry in event.metadata.items()}
    assert values["dagster/row_count"] == 500
    assert (values["new_rows"], values["rejected"], values["lag"]) == (10, 1, 14)
    assert values["latency_p95_seconds"] == 1.25
    assert isinstance(
        look(sensors.users_observer, instance, first.cursor, database=users_database(11), topic=topic), SkipReason
    )
    later = result(look(sensors.users_observer, instance, first.cursor, database=users_database(21), topic=topic))
    values = {name: entry.value for name, entry in later.asset_events[0].metadata.items()}
    assert (values["dagster/row_count"], values["new_rows"], values["rejected"]) == (510, 10, 0)


def test_a_kafka_that_is_away_costs_the_lag_and_not_the_materialization(instance: DagsterInstance):
    found = result(look(sensors.users_observer, instance, database=users_database(11), topic=FakeTopic()))
    assert "timed out" in str(found.asset_events[0].metadata["lag"].value)


def test_a_count_that_takes_too_long_leaves_the_old_one_and_the_ledger(instance: DagsterInstance):
    topic = FakeTopic(healthy_topic(), {0: 25})
    first = result(look(sensors.users_observer, instance, database=users_database(11), topic=topic))
    old = json.dumps({**json.loads(str(first.cursor)), "counted_at": 0})
    slow = users_database(21)
    slow.refused = {"users_count"}
    found = result(look(sensors.users_observer, instance, old, database=slow, topic=topic))
    assert found.asset_events[0].metadata["dagster/row_count"].value == 510


# users_checks


def checks_database(newest: datetime) -> FakeDatabase:
    return FakeDatabase(
        {
            "users_newest": [{"newest": newest}],
            "users_unique_index": [{"guarded": True}],
            "users_incomplete": [{"incomplete": 0, "examples": None}],
            **NOTHING_LOST,
            "decisions_recent": [{"state": "running", "decided_at": newest, "reason": "app-1 runs"}],
        }
    )


def evaluations(found: SensorResult | SkipReason) -> dict[str, bool]:
    events = result(found).asset_events
    return {event.check_name: event.passed for event in events if isinstance(event, AssetCheckEvaluation)}


def test_every_check_is_reported_first_and_then_what_changed(
    instance: DagsterInstance, settings: Settings, now: datetime
):
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings}
    first = look(sensors.users_checks, instance, database=checks_database(now), **resources)
    users = ("freshness", "unique_uuid", "complete_rows", "nothing_lost", "rejected_rate")
    names = (*users, "topic_healthy", "stream_running", "stream_lag")
    assert evaluations(first) == dict.fromkeys(names, True)
    cursor = result(first).cursor
    same = look(sensors.users_checks, instance, cursor, database=checks_database(now), **resources)
    assert isinstance(same, SkipReason)
    old = checks_database(now - timedelta(minutes=6))
    assert evaluations(look(sensors.users_checks, instance, cursor, database=old, **resources)) == {"freshness": False}


@pytest.mark.parametrize(
    ("state", "severity"), [("running", AssetCheckSeverity.WARN), ("stopped", AssetCheckSeverity.ERROR)]
)
def test_a_table_that_can_have_no_row_yet_is_no_failure(
    state: str, severity: AssetCheckSeverity, instance: DagsterInstance, settings: Settings, now: datetime
):
    database = checks_database(now)
    database.answers["users_newest"] = [{"newest": None}]
    database.answers["stream_state_read"] = [{**wanted(state)[0], "since": now - timedelta(seconds=20)}]
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings, "database": database}
    events = result(look(sensors.users_checks, instance, **resources)).asset_events
    [found] = [each for each in events if isinstance(each, AssetCheckEvaluation) and each.check_name == "freshness"]
    assert (found.passed, found.severity) == (False, severity)


def test_checks_are_reported_again_before_a_minute_is_over(
    instance: DagsterInstance, settings: Settings, now: datetime
):
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings, "database": checks_database(now)}
    reports = json.loads(str(result(look(sensors.users_checks, instance, **resources)).cursor))
    for report in reports.values():
        report["at"] = (now - timedelta(seconds=46)).isoformat()
    assert len(evaluations(look(sensors.users_checks, instance, json.dumps(reports), **resources))) == 8


def test_a_database_that_is_away_fails_its_checks_and_no_other(instance: DagsterInstance, settings: Settings):
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings, "database": FakeDatabase(down=True)}
    assert evaluations(look(sensors.users_checks, instance, **resources)) == {
        "freshness": False,
        "unique_uuid": False,
        "complete_rows": False,
        "nothing_lost": False,
        "rejected_rate": False,
        "topic_healthy": True,
        "stream_running": False,
        "stream_lag": False,
    }


def test_a_state_that_an_earlier_version_wrote_hides_no_check(
    instance: DagsterInstance, settings: Settings, now: datetime
):
    database = checks_database(now)
    [row] = database.answers["decisions_recent"]
    database.answers["decisions_recent"] = [row, {**row, "state": "stopping"}]
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings, "database": database}
    assert evaluations(look(sensors.users_checks, instance, **resources))["stream_running"]


def test_what_is_dear_is_looked_at_only_when_a_report_is_due(
    instance: DagsterInstance, settings: Settings, now: datetime
):
    database = checks_database(now)
    resources = {"topic": FakeTopic(healthy_topic()), "settings": settings, "database": database}
    cursor = result(look(sensors.users_checks, instance, **resources)).cursor
    look(sensors.users_checks, instance, cursor, **resources)
    assert len(database.values_of("rejected_recently")) == 2
    assert len(database.values_of("proof_ledger")) == 1


# slot_watch


def slots_database() -> FakeDatabase:
    slots = {"slots": 24, "missed": 1, "failed": 0, "late": 0, "beginning": 0, "newest": None}
    return FakeDatabase({"slots_recent": [slots], "slots_close": [{"missed": 1}], "slots_give_up": [{"given_up": 2}]})


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch, now: datetime) -> datetime:
    """The schedule has been on for five minutes."""
    since = now - timedelta(minutes=5)
    monkeypatch.setattr(SLOT_WATCH, "is_switched_on", lambda _: True)
    monkeypatch.setattr(SLOT_WATCH, "switched_on_since", lambda _: since)
    return since


def switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SLOT_WATCH, "is_switched_on", lambda _: False)
    monkeypatch.setattr(SLOT_WATCH, "switched_on_since", lambda _: None)


def test_the_books_are_closed_from_where_the_schedule_was_switched_on(
    instance: DagsterInstance, settings: Settings, switched_on: datetime
):
    database = slots_database()
    resources = {"database": database, "settings": settings}
    opened = result(look(sensors.slot_watch, instance, **resources))
    found = result(look(sensors.slot_watch, instance, opened.cursor, **resources))
    look(sensors.slot_watch, instance, found.cursor, **resources)
    before, after = database.values_of("slots_close")
    assert before["from"] == switched_on
    assert before["to"] == after["from"]
    assert "1 slots were missed, 2 claims" in str(found.skip_reason)


@pytest.mark.usefixtures("switched_on")
def test_switching_off_closes_the_books_once(
    instance: DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch, now: datetime
):
    database = slots_database()
    cursor = result(look(sensors.slot_watch, instance, database=database, settings=settings)).cursor
    switch_off(monkeypatch)
    for _ in range(2):
        cursor = result(look(sensors.slot_watch, instance, cursor, database=database, settings=settings)).cursor
    [closed] = database.values_of("slots_close")
    assert isinstance(closed["to"], datetime)
    assert closed["to"] >= now


def test_claims_of_dead_runs_are_given_up_even_while_the_schedule_is_off(
    instance: DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    switch_off(monkeypatch)
    database = slots_database()
    look(sensors.slot_watch, instance, database=database, settings=settings)
    assert len(database.values_of("slots_give_up")) == 1
    assert not database.values_of("slots_close")


@pytest.mark.parametrize("name", ["stream_supervisor", "users_observer", "slot_watch"])
def test_a_database_that_is_away_is_a_sentence_and_no_error(name: str, instance: DagsterInstance, settings: Settings):
    sensor = defs.get_repository_def().get_sensor_def(name)
    everything = {
        "database": FakeDatabase(down=True),
        "topic": FakeTopic(healthy_topic()),
        "spark_master": FakeMaster(EMPTY_CLUSTER),
        "settings": settings,
    }
    needed = {key: value for key, value in everything.items() if key in sensor.required_resource_keys}
    found = look(sensor, instance, **needed)
    assert isinstance(found, SkipReason)
    assert "PostgreSQL" in str(found.skip_message)
