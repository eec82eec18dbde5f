from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from dagster import DagsterInstance, DagsterRunStatus, RunRequest, SkipReason, build_schedule_context

from pipeline_defs import slots
from pipeline_defs.definitions import defs
from pipeline_defs.schedule_state import is_switched_on, switched_on_since
from pipeline_defs.schedules import every_25_seconds
from pipeline_defs.settings import Settings
from tests.definitions.fakes import FakeDatabase


def requests_at(
    instance: DagsterInstance, settings: Settings, scheduled: datetime, database: FakeDatabase | None = None
) -> Sequence[RunRequest]:
    context = build_schedule_context(
        instance=instance,
        scheduled_execution_time=scheduled,
        resources={"settings": settings, "database": database or FakeDatabase()},
        repository_def=defs.get_repository_def(),
    )
    return every_25_seconds.evaluate_tick(context).run_requests or []


def tags_of(requests: Sequence[RunRequest]) -> set[str]:
    return {request.tags[slots.SLOT_TAG] for request in requests}


def test_it_arms_every_slot_of_the_next_ninety_seconds(instance: DagsterInstance, settings: Settings, now: datetime):
    requests = requests_at(instance, settings, now)
    armed = [slots.from_tags(request.tags) for request in requests]
    moments = [slot for slot in armed if slot is not None]
    assert len(moments) == len(requests) >= 3
    assert moments[0] >= now
    assert moments[-1] <= now + timedelta(seconds=90)
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=25)}
    assert len({request.run_key for request in requests}) == len(requests)


def test_it_arms_no_slot_that_has_a_run(instance: DagsterInstance, settings: Settings, now: datetime):
    job = defs.resolve_job_def("produce_random_users")
    first, *others = requests_at(instance, settings, now)
    instance.create_run_for_job(job, tags=dict(first.tags))
    again = tags_of(requests_at(instance, settings, now))
    assert again >= tags_of(others)
    assert first.tags[slots.SLOT_TAG] not in again


def test_a_slot_whose_run_ended_before_it_came_is_armed_again_under_a_new_key(
    instance: DagsterInstance, settings: Settings, now: datetime
):
    """Runs that wait end when the schedule is switched off; it may be on again before their slot."""
    requests = requests_at(instance, settings, now)
    job = defs.resolve_job_def("produce_random_users")
    instance.create_run_for_job(job, tags=dict(requests[-1].tags), status=DagsterRunStatus.SUCCESS)
    again = requests_at(instance, settings, now + timedelta(minutes=1))
    assert requests[-1].tags[slots.SLOT_TAG] in tags_of(again)
    assert {request.run_key for request in again}.isdisjoint(request.run_key for request in requests)


def test_it_arms_no_slot_that_has_a_row(instance: DagsterInstance, settings: Settings, now: datetime):
    first, *others = requests_at(instance, settings, now)
    database = FakeDatabase({"slots_taken": [{"slot": slots.from_tags(first.tags)}]})
    again = tags_of(requests_at(instance, settings, now, database))
    assert again >= tags_of(others)
    assert first.tags[slots.SLOT_TAG] not in again


def test_it_arms_also_while_the_database_is_away(instance: DagsterInstance, settings: Settings, now: datetime):
    job = defs.resolve_job_def("produce_random_users")
    first, *others = requests_at(instance, settings, now)
    instance.create_run_for_job(job, tags=dict(first.tags))
    again = tags_of(requests_at(instance, settings, now, FakeDatabase(down=True)))
    assert again >= tags_of(others)
    assert first.tags[slots.SLOT_TAG] not in again


def test_a_tick_that_comes_late_arms_nothing_of_the_past(instance: DagsterInstance, settings: Settings, now: datetime):
    assert requests_at(instance, settings, now - timedelta(minutes=10)) == []


def test_the_cadence_is_a_setting(instance: DagsterInstance, settings: Settings, now: datetime):
    quick = settings.model_copy(update={"cadence_seconds": 10})
    armed = [slots.from_tags(request.tags) for request in requests_at(instance, quick, now)]
    assert {slot.timestamp() % 10 for slot in armed if slot} == {0}
    assert len(armed) >= 8


def test_a_schedule_that_dagster_has_not_met_is_on_since_nobody_knows_when(instance: DagsterInstance):
    assert is_switched_on(instance)
    assert switched_on_since(instance) is None


def test_pruning_runs_once_a_day(instance: DagsterInstance, now: datetime):
    schedule = defs.get_repository_def().get_schedule_def("prune_history_daily")
    data = schedule.evaluate_tick(build_schedule_context(instance=instance, scheduled_execution_time=now))
    assert len(data.run_requests or []) == 1
    assert schedule.cron_schedule == "40 3 * * *"
    assert not isinstance(data.skip_message, SkipReason)
