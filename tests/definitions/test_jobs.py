import sys
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, RunsFilter
from pydantic import SecretStr

from pipeline_defs import history, provision, slots, tick
from pipeline_defs.definitions import defs
from pipeline_defs.replay import Replayer, Request, Result
from pipeline_defs.settings import Settings
from pipeline_defs.stream_jobs import DECISION_TAG
from tests.definitions.fakes import (
    EMPTY_CLUSTER,
    NOTHING_LOST,
    NOW,
    ON_CLUSTER,
    FakeApi,
    FakeDatabase,
    FakeKafka,
    FakeMaster,
    FakeSender,
    FakeTopic,
    healthy_kafka,
    healthy_topic,
    wanted,
)

CALM = {
    "stream_start_lock": [{"alone": True}],
    "stream_state_read": wanted("running"),
    "slots_claim": [{"slot": "claimed"}],
    "users_newest": [{"newest": None}],
    "slots_recent": [{"slots": 4, "missed": 0, "failed": 0, "late": 0, "beginning": 0, "newest": None}],
    "users_unique_index": [{"guarded": True}],
    "users_incomplete": [{"incomplete": 0, "examples": None}],
    **NOTHING_LOST,
}

START = {"action": "start", "subject": None, "outcome": None, "overtaken": False}


# The package shows the asset under the module's name.
TOPIC_ASSET = sys.modules["pipeline_defs.assets.random_user_topic"]


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    """Ticks send here instead of to Kafka."""
    made = FakeSender()
    monkeypatch.setattr(tick.Tick.__init__, "__defaults__", (made, *(tick.Tick.__init__.__defaults__ or ())[1:]))
    return made


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedule is on."""
    monkeypatch.setattr(TOPIC_ASSET, "is_switched_on", lambda _: True)


class World:
    """The resources of a job, as fakes, and the one way to run it."""

    def __init__(self, instance: DagsterInstance, settings: Settings) -> None:
        self.instance = instance
        self.settings = settings
        self.database = FakeDatabase(CALM)
        self.topic = FakeTopic(healthy_topic())
        self.api = FakeApi("http://localhost/api/1.4/")
        self.spark_master = FakeMaster(EMPTY_CLUSTER)

    def run(self, name: str, **tags: str) -> ExecuteInProcessResult:
        return self.run_with({}, name, **tags)

    def run_with(self, config: Mapping[str, object], name: str, **tags: str) -> ExecuteInProcessResult:
        job = defs.resolve_job_def(name)
        everything = {
            "settings": self.settings,
            "database": self.database,
            "topic": self.topic,
            "kafka_cluster": FakeKafka(healthy_kafka()),
            "api": self.api,
            "spark_master": self.spark_master,
        }
        return job.execute_in_process(
            dict(config), instance=self.instance, resources=everything, tags={**job.tags, **tags}, raise_on_error=False
        )

    def run_in_slot(self, instant: datetime) -> ExecuteInProcessResult:
        """Run a tick for the second of an instant, on a grid that holds it."""
        self.settings = self.settings.model_copy(update={"cadence_seconds": int(instant.timestamp())})
        return self.run("produce_random_users", **{slots.SLOT_TAG: slots.label(instant)})


@pytest.fixture
def world(instance_in_memory: DagsterInstance, settings: Settings) -> World:
    return World(instance_in_memory, settings)


def failure_of(result: ExecuteInProcessResult) -> str:
    [event] = [event for event in result.all_events if event.is_step_failure]
    return str(event.step_failure_data.error_display_string)


# produce_random_users


def test_launched_by_hand_it_sends_at_once(world: World, sender: FakeSender):
    result = world.run("produce_random_users")
    [event] = result.asset_materializations_for_node("random_user_topic")
    values = {name: entry.value for name, entry in event.metadata.items()}
    assert (values["people"], values["source"], values["slot_error_ms"]) == (2, "http://localhost/api/1.4/", None)
    assert values["offsets_by_partition"] == {"0": [0, 1]}
    assert [record.data for record in event.metadata["names"].value.records] == [  # type: ignore[union-attr]
        {"name": "Person 0", "country": "Chile"},
        {"name": "Person 1", "country": "Chile"},
    ]
    assert len(sender.sent) == 2
    assert not world.database.calls


@pytest.mark.usefixtures("switched_on")
def test_in_its_slot_it_claims_sends_and_accounts(world: World, sender: FakeSender, now: datetime):
    result = world.run_in_slot(now)
    [event] = result.asset_materializations_for_node("random_user_topic")
    assert float(str(event.metadata["slot_error_ms"].value)) >= 0
    assert [name for name, _ in world.database.calls] == ["slots_claim", "slots_finish"]
    assert len(sender.sent) == 2


@pytest.mark.usefixtures("switched_on")
def test_a_slot_of_another_run_ends_it_quietly(world: World, sender: FakeSender, now: datetime):
    world.database.answers["slots_claim"] = []
    result = world.run_in_slot(now)
    assert result.success
    assert [name for name, _ in world.database.calls] == ["slots_claim"]
    assert not result.asset_materializations_for_node("random_user_topic")
    assert not sender.sent


def test_a_schedule_that_is_off_ends_a_waiting_run_quietly(
    world: World, sender: FakeSender, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(TOPIC_ASSET, "is_switched_on", lambda _: False)
    result = world.run_in_slot(now + timedelta(hours=1))
    assert result.success
    assert not world.database.calls
    assert not result.asset_materializations_for_node("random_user_topic")
    assert not sender.sent


def test_a_failed_tick_fails_its_run_with_one_clear_sentence(world: World, sender: FakeSender):
    world.api = FakeApi("http://unreachable/api/1.4/")
    result = world.run("produce_random_users")
    assert not result.success
    assert "cannot be reached" in failure_of(result)
    assert not sender.sent


# the jobs of the stream


def test_start_stream_wants_it_running(world: World):
    assert world.run("start_stream").success
    assert world.database.values_of("stream_state_want")[0]["wanted"] == "running"
    assert len(world.spark_master.submitted) == 1


def test_start_stream_finds_what_is_there(world: World):
    world.spark_master = FakeMaster(ON_CLUSTER)
    assert world.run("start_stream").success
    assert not world.spark_master.submitted


def test_restart_stream_ends_what_is_there_and_submits_anew(world: World):
    world.spark_master = FakeMaster(ON_CLUSTER, EMPTY_CLUSTER)
    assert world.run("restart_stream").success
    assert [name for name, _ in world.database.calls][:2] == ["stream_state_want", "stream_state_restart"]
    assert len(world.spark_master.submitted) == 1


def test_stop_stream_wants_it_stopped(world: World):
    assert world.run("stop_stream").success
    assert world.database.values_of("stream_state_want")[0]["wanted"] == "stopped"


def test_a_decision_is_carried_out_and_says_how_it_ended(world: World):
    world.database.answers["decisions_read"] = [START]
    assert world.run("carry_out_decision", **{DECISION_TAG: "7"}).success
    [row] = world.database.values_of("decisions_finish")
    assert (row["id"], row["outcome"], row["subject"]) == (7, "submitted as driver-7", "driver-7")
    assert not world.database.values_of("stream_state_want")


def test_a_decision_that_fails_fails_its_run_with_a_sentence_and_a_record(world: World):
    world.database.answers["decisions_read"] = [START]
    world.spark_master = FakeMaster()
    result = world.run("carry_out_decision", **{DECISION_TAG: "7"})
    assert "doesn't answer" in failure_of(result)
    assert "doesn't answer" in str(world.database.values_of("decisions_finish")[0]["outcome"])


def test_a_decision_whose_outcome_cant_be_written_fails_with_a_sentence(world: World):
    world.database.answers["decisions_read"] = [START]
    world.database.refused.add("decisions_finish")
    found = failure_of(world.run("carry_out_decision", **{DECISION_TAG: "7"}))
    assert "Failure: PostgreSQL, statement decisions_finish" in found


def test_decisions_are_not_for_people(world: World):
    assert "Launch start_stream" in failure_of(world.run("carry_out_decision"))


# check_users


def test_check_users_runs_every_check(world: World):
    result = world.run("check_users")
    found = {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}
    well = (
        "unique_uuid",
        "complete_rows",
        "topic_healthy",
        "nothing_lost",
        "rejected_rate",
        "slots_kept",
        "stream_lag",
        "kafka_healthy",
        "spark_healthy",
    )
    assert found == dict.fromkeys(well, True) | {"freshness": False, "stream_running": False}


def test_a_check_that_cant_look_fails_and_says_why(world: World):
    world.topic = FakeTopic()
    result = world.run("check_users")
    [found] = [each for each in result.get_asset_check_evaluations() if each.check_name == "topic_healthy"]
    assert not found.passed
    assert "timed out" in str(found.description)


# provision and prune_history


def test_provision_makes_tables_and_topic(world: World, monkeypatch: pytest.MonkeyPatch):
    made: list[object] = []

    def schema(url: SecretStr, admin_url: SecretStr | None) -> list[str]:
        made.extend([url, admin_url])
        return ["tables"]

    def topic(given: Settings) -> str:
        made.append(given.kafka_topic)
        return "topic"

    monkeypatch.setattr(provision, "schema", schema)
    monkeypatch.setattr(provision, "topic", topic)
    assert world.run("provision").success
    assert made == [world.settings.database_url, world.settings.database_admin_url, world.settings.kafka_topic]


@pytest.mark.usefixtures("sender")
def test_prune_history_deletes_ended_runs_and_keeps_the_young(world: World, now: datetime):
    for _ in range(3):
        world.run("produce_random_users")
    assert history.prune_runs(world.instance, now - timedelta(hours=1)) == 0
    assert history.prune_runs(world.instance, now + timedelta(hours=1)) == 3
    assert world.instance.get_runs(RunsFilter(job_name="produce_random_users")) == []


def test_prune_history_says_how_much_went(world: World, instance: DagsterInstance):
    world.instance = instance
    world.database.answers["history_prune_decisions"] = [{"id": 1}, {"id": 2}]
    result = world.run("prune_history")
    assert result.success
    before = world.database.values_of("history_prune_decisions")[0]["before"]
    assert before == world.database.values_of("history_prune_progress")[0]["before"]


# replay_rejected


def test_replay_rejected_asks_for_what_its_config_says(world: World, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []

    def run(replayer: Replayer, request: Request, requested_by: str) -> Result:
        asked.extend((replayer.url, request, requested_by))
        return Result(found=2, inserted=1, duplicates=1)

    monkeypatch.setattr(Replayer, "run", run)
    config = {"reason": "too_long", "rejected_from": "2026-05-04T12:00:00Z", "from_offset": 3}
    result = world.run_with({"ops": {"replay": {"config": config}}}, "replay_rejected")
    url = world.settings.database_url.get_secret_value()
    request = Request(reason="too_long", rejected_from=NOW, from_offset=3)
    assert asked == [url, request, f"replay_rejected run {result.run_id}"]
    [event] = [event for event in result.all_events if event.is_successful_output]
    metadata = {name: value.value for name, value in event.step_output_data.metadata.items()}
    assert metadata == {"found": 2, "inserted": 1, "duplicates": 1, "still_rejected": 0}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"rejected_to": "yesterday"}, "rejected_to is 'yesterday', which is no time with a zone."),
        ({"reason": "to_long"}, "reason is 'to_long', which there is not. Write one of tombstone, empty,"),
    ],
)
def test_replay_rejected_refuses_in_a_sentence(world: World, config: dict[str, str], sentence: str):
    result = world.run_with({"ops": {"replay": {"config": config}}}, "replay_rejected")
    assert sentence in failure_of(result)


# acknowledge_losses


def test_acknowledge_losses_writes_the_note_down(world: World):
    world.database.answers["acknowledge"] = [{"acknowledged_at": NOW}]
    assert world.run_with(
        {"ops": {"acknowledge": {"config": {"note": "off for a week"}}}}, "acknowledge_losses"
    ).success
    assert world.database.values_of("acknowledge")[0]["note"] == "off for a week"
