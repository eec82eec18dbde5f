import subprocess
import sys
import warnings

import pytest
from dagster import AssetKey, AssetSpec, DefaultScheduleStatus, DefaultSensorStatus, Definitions

from pipeline_defs import alerts
from pipeline_defs.definitions import defs

STREAM_JOBS = {"start_stream", "restart_stream", "stop_stream", "carry_out_decision"}
JOBS = STREAM_JOBS | {
    "provision",
    "produce_random_users",
    "check_users",
    "prune_history",
    "replay_rejected",
    "acknowledge_losses",
}


def specs() -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_everything_loads_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Definitions.validate_loadable(defs)


def test_loading_needs_no_heavy_library():
    program = "import sys, pipeline_defs.definitions; print(*{'pandas', 'pyspark', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == ""


def test_assets_stand_in_the_order_of_the_data():
    upstream = {name: {dep.asset_key for dep in spec.deps} for name, spec in specs().items()}
    assert upstream == {
        "random_user_api": set(),
        "random_user_topic": {AssetKey("random_user_api")},
        "users_stream": {AssetKey("random_user_topic")},
        "users": {AssetKey("users_stream")},
        "kafka_cluster": set(),
        "spark_cluster": set(),
    }


@pytest.mark.parametrize(
    "name", ["random_user_api", "random_user_topic", "users_stream", "users", "kafka_cluster", "spark_cluster"]
)
def test_assets_have_owners_kinds_a_description_and_one_group(name: str):
    spec = specs()[name]
    assert spec.owners
    assert spec.kinds
    assert spec.description
    assert spec.group_name == "pipeline"


def test_each_check_has_a_description_and_those_that_people_are_told_of_are_there():
    checks = {spec.name: spec for check in defs.asset_checks or () for spec in check.check_specs}
    assert all(spec.description for spec in checks.values())
    assert set(checks) >= alerts.WATCHED


def test_users_has_a_freshness_policy():
    assert specs()["users"].freshness_policy is not None


@pytest.mark.parametrize("name", sorted(JOBS))
def test_every_job_has_a_time_limit_and_no_second_try(name: str):
    job = defs.resolve_job_def(name)
    assert int(job.tags["dagster/max_runtime"]) > 0
    assert job.tags["dagster/max_retries"] == "0"
    assert job.executor_def.name == "in_process"


def test_the_jobs_are_those_that_people_know():
    assert {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")} == JOBS


@pytest.mark.parametrize("name", sorted(STREAM_JOBS))
def test_jobs_that_change_the_stream_run_one_at_a_time(name: str):
    assert defs.resolve_job_def(name).tags["pipeline/stream"] == "users_stream"


def test_schedules_and_sensors_are_on_by_default():
    repository = defs.get_repository_def()
    assert {schedule.name for schedule in repository.schedule_defs} == {"every_25_seconds", "prune_history_daily"}
    assert {sensor.name: sensor.minimum_interval_seconds for sensor in repository.sensor_defs} == {
        "stream_supervisor": 15,
        "users_observer": 15,
        "users_checks": 15,
        "cluster_health": 15,
        "alerting": 15,
        "slot_watch": 30,
    }
    assert {schedule.default_status for schedule in repository.schedule_defs} == {DefaultScheduleStatus.RUNNING}
    assert {sensor.default_status for sensor in repository.sensor_defs} == {DefaultSensorStatus.RUNNING}


def test_a_tick_makes_the_topic_and_runs_no_check():
    assert [node.name for node in defs.resolve_job_def("produce_random_users").nodes] == ["random_user_topic"]
