"""The sensor that keeps the stream as it is wanted, one case each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dagster import AssetObservation, DagsterInstance, DagsterRunStatus, SensorResult, SkipReason

from pipeline_defs import sensors
from pipeline_defs.database import Row
from pipeline_defs.definitions import defs
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster
from pipeline_defs.stream_jobs import ALONE, DECISION_TAG
from pipeline_defs.supervision.memory import Memory
from tests.definitions.fakes import (
    EMPTY_CLUSTER,
    NOW,
    ON_CLUSTER,
    FakeDatabase,
    FakeMaster,
    FakeTopic,
    healthy_topic,
    wanted,
)
from tests.definitions.looking import look, result

PROGRESS = {"application_id": "app-1", "input_rows": 10, "input_rows_per_second": 1.0}


def database(state: str = "running", **answers: Sequence[Row]) -> FakeDatabase:
    now = datetime.now(UTC)
    progress = {**PROGRESS, "heartbeat_at": now, "processed_rows_per_second": 5.0, "batch_ms": 500}
    return FakeDatabase(
        {
            "stream_state_read": wanted(state),
            "stream_progress_latest": [progress],
            "decisions_record": [{"id": 7}],
            "driver_starts_count": [{"starts": 3}],
            **answers,
        }
    )


def entry(number: int, state: str, action: str, outcome: str | None) -> Row:
    return {
        "id": number,
        "decided_at": datetime.now(UTC) - timedelta(seconds=20),
        "state": state,
        "action": action,
        "reason": "because",
        "run_id": None,
        "outcome": outcome,
        "subject": None,
    }


class Supervisor:
    """The sensor with its world; each look goes on from the cursor of the one before."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance = instance
        self.database = database()
        self.cluster: Cluster | None = EMPTY_CLUSTER
        self.cursor: str | None = None

    def looks(self) -> SensorResult | SkipReason:
        master = FakeMaster(self.cluster) if self.cluster else FakeMaster()
        found = look(
            sensors.stream_supervisor,
            self.instance,
            self.cursor,
            database=self.database,
            topic=FakeTopic(healthy_topic(), {0: 0}),
            spark_master=master,
            settings=Settings(),
        )
        if isinstance(found, SensorResult):
            self.cursor = found.cursor
        return found

    def recorded(self) -> list[tuple[object, object]]:
        return [(row["state"], row["action"]) for row in self.database.values_of("decisions_record")]


@pytest.fixture
def supervisor(instance: DagsterInstance) -> Supervisor:
    return Supervisor(instance)


def run_with(instance: DagsterInstance, status: DagsterRunStatus, tags: Mapping[str, str]) -> str:
    job = defs.resolve_job_def("carry_out_decision")
    return instance.create_run_for_job(job, status=status, tags={**ALONE, **tags}).run_id


def test_a_wanted_stream_that_is_absent_is_started_with_its_decision_on_record(supervisor: Supervisor):
    found = result(supervisor.looks())
    [request] = found.run_requests or []
    assert (request.run_key, request.tags[DECISION_TAG]) == ("decision-7", "7")
    assert supervisor.recorded() == [("starting", "start")]
    assert isinstance(found.asset_events[0], AssetObservation)
    assert found.asset_events[0].metadata["state"].value == "starting"


def test_what_a_driver_past_the_master_says_is_not_the_streams_word(supervisor: Supervisor):
    now = datetime.now(UTC)
    progress = {**PROGRESS, "heartbeat_at": now, "processed_rows_per_second": 5.0, "batch_ms": 500}
    other = {**progress, "application_id": "local-1"}
    supervisor.cluster = ON_CLUSTER
    supervisor.database = database(stream_progress_of=[progress], stream_progress_latest=[other])
    result(supervisor.looks())
    assert supervisor.recorded() == [("idle", "adopt")]
    [asked] = supervisor.database.values_of("stream_progress_of")
    assert asked == {"applications": ["app-1"]}


def test_a_decision_whose_run_was_never_made_is_asked_for_again_under_the_same_key(supervisor: Supervisor):
    supervisor.database = database(decisions_recent=[entry(6, "starting", "start", None)])
    [request] = result(supervisor.looks()).run_requests or []
    assert request.run_key == "decision-6"
    assert not supervisor.recorded()


def test_nothing_is_done_beside_a_run_that_is_at_work(supervisor: Supervisor):
    run_with(supervisor.instance, DagsterRunStatus.STARTED, {DECISION_TAG: "6"})
    supervisor.database = database(decisions_recent=[entry(6, "starting", "start", None)])
    assert not result(supervisor.looks()).run_requests
    assert not supervisor.recorded()


def test_a_run_that_died_without_a_word_is_written_down_and_the_decision_is_made_again(supervisor: Supervisor):
    run = run_with(supervisor.instance, DagsterRunStatus.FAILURE, {DECISION_TAG: "6"})
    supervisor.database = database(decisions_recent=[entry(6, "starting", "start", None)])
    [request] = result(supervisor.looks()).run_requests or []
    [settled] = supervisor.database.values_of("decisions_finish")
    assert (settled["id"], settled["outcome"]) == (6, f"its run ended without a word: run {run}, FAILURE")
    assert request.run_key == "decision-7"


def test_a_run_that_died_after_submitting_leads_to_no_second_start(supervisor: Supervisor):
    run_with(supervisor.instance, DagsterRunStatus.FAILURE, {DECISION_TAG: "6"})
    supervisor.database = database(decisions_recent=[entry(6, "starting", "start", None)])
    supervisor.cluster = replace(ON_CLUSTER, applications=())
    assert not result(supervisor.looks()).run_requests
    assert len(supervisor.database.values_of("decisions_finish")) == 1


def test_a_stream_that_is_stopped_on_purpose_stays_stopped(supervisor: Supervisor):
    supervisor.database = database("stopped")
    found = result(supervisor.looks())
    assert not found.run_requests
    assert found.asset_events[0].metadata["state"].value == "stopped on purpose"


def test_a_running_stream_is_adopted_once(supervisor: Supervisor):
    supervisor.cluster = ON_CLUSTER
    supervisor.looks()
    supervisor.database.answers["decisions_recent"] = [entry(7, "idle", "adopt", "noted")]
    supervisor.looks()
    assert supervisor.recorded() == [("idle", "adopt")]


def test_another_process_of_dagster_adopts_it_again(supervisor: Supervisor):
    supervisor.cluster = ON_CLUSTER
    supervisor.looks()
    supervisor.cursor = replace(Memory.read(supervisor.cursor), supervisor="the one before").write()
    supervisor.looks()
    assert supervisor.recorded() == [("idle", "adopt")] * 2


def test_the_stream_is_observed_on_a_change_and_not_at_every_look(supervisor: Supervisor):
    supervisor.cluster = ON_CLUSTER
    assert result(supervisor.looks()).asset_events
    assert not result(supervisor.looks()).asset_events
    supervisor.cluster = replace(ON_CLUSTER, status="RECOVERING")
    assert result(supervisor.looks()).asset_events[0].metadata["state"].value == "cluster unreachable"


def test_a_change_of_state_is_a_row(supervisor: Supervisor):
    supervisor.cluster = ON_CLUSTER
    supervisor.looks()
    supervisor.database.answers["decisions_recent"] = [entry(7, "idle", "adopt", "noted")]
    supervisor.cluster = None
    supervisor.looks()
    assert supervisor.recorded() == [("idle", "adopt"), ("cluster unreachable", "wait")]


def test_what_is_seen_of_the_stream_is_in_its_observation(supervisor: Supervisor):
    driver = replace(ON_CLUSTER.drivers[0], worker_url="http://worker:8081")
    supervisor.cluster = replace(ON_CLUSTER, drivers=(driver,))
    metadata = result(supervisor.looks()).asset_events[0].metadata
    values = {name: entry.value for name, entry in metadata.items()}
    assert (values["lag"], values["lag_by_partition"], values["rows_per_second"]) == (0, {"0": 0}, 5.0)
    assert (values["batch_seconds"], values["restarts"], values["driver"]) == (0.5, 2, "driver-1")
    assert str(values["spark_application"]).endswith("/app/?appId=app-1")
    assert values["log"] == "http://worker:8081/logPage/?driverId=driver-1&logType=stdout"
    assert "last_error" not in values


def test_the_last_error_is_shown_while_it_is_not_well(supervisor: Supervisor):
    failed = {"last_error": "boom\nand more", "outcome": "failed", "ended_at": NOW}
    supervisor.database = database(driver_starts_last_error=[failed])
    supervisor.cluster = replace(ON_CLUSTER, applications=())
    found = result(supervisor.looks())
    observed = found.asset_events[0]
    assert isinstance(observed, AssetObservation)
    assert observed.metadata["last_error"].value == "boom\nand more"
    end = f". A driver ended at {NOW:%Y-%m-%d %H:%M:%S} UTC: boom"
    assert str(observed.description).endswith(end)
    assert str(observed.metadata["reason"].value).endswith(end)
    assert str(found.skip_reason).find(end) > 0
    # The table has what was seen and done; driver_starts has the error.
    [row] = supervisor.database.values_of("decisions_record")
    assert "boom" not in str(row["reason"])


@pytest.mark.parametrize("behind", [timedelta(minutes=10), -timedelta(minutes=10)])
def test_a_clock_that_differs_from_postgresqls_stalls_nothing(supervisor: Supervisor, behind: timedelta):
    now = datetime.now(UTC) - behind
    beat = {"heartbeat_at": now - timedelta(seconds=2), "processed_rows_per_second": 5.0, "batch_ms": 500}
    state = [{**wanted("running")[0], "now": now}]
    supervisor.cluster = ON_CLUSTER
    supervisor.database = database(stream_state_read=state, stream_progress_latest=[{**PROGRESS, **beat}])
    assert not result(supervisor.looks()).run_requests
    assert supervisor.recorded() == [("idle", "adopt")]
    [row] = supervisor.database.values_of("decisions_record")
    assert row["decided_at"] == now


def test_a_master_that_is_away_is_no_reason_to_start(supervisor: Supervisor):
    supervisor.cluster = None
    assert not result(supervisor.looks()).run_requests


def test_a_supervisor_without_its_table_says_what_to_run(supervisor: Supervisor):
    supervisor.database = database(stream_state_read=[])
    found = supervisor.looks()
    assert isinstance(found, SkipReason)
    assert "provision" in str(found.skip_message)
