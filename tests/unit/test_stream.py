from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_defs import stream
from pipeline_defs.database import Row
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster
from pipeline_defs.stream import Done, Patience, StreamError
from tests.definitions.fakes import EMPTY_CLUSTER, NOW, ON_CLUSTER, FakeDatabase, FakeMaster, wanted

SETTINGS = Settings(spark_application="/app/users_stream.py", spark_class_path="/jars/*")
ALONE = {"stream_start_lock": [{"alone": True}]}
WANTED = {**ALONE, "stream_state_read": wanted("running")}


def patience() -> Patience:
    """An impatient minute: every look costs 20 s of it."""
    passed = iter(range(0, 100_000, 20))
    return Patience(60, clock=lambda: float(next(passed)), sleep=lambda _: None)


def test_who_wants_it_running_closes_the_breaker():
    database = FakeDatabase()
    stream.want(database, SETTINGS, "somebody")
    [row] = database.values_of("stream_state_want")
    assert (row["wanted"], row["changed_by"], row["code_version"]) == (
        "running",
        "somebody",
        stream.code_version(SETTINGS),
    )


def test_a_start_submits_what_is_wanted_and_absent():
    master = FakeMaster(EMPTY_CLUSTER)
    assert stream.start(FakeDatabase(WANTED), master, SETTINGS) == Done("submitted as driver-7", "driver-7")
    assert len(master.submitted) == 1


@pytest.mark.parametrize("row", [wanted("stopped")[0], {**wanted("running")[0], "gave_up_at": NOW}])
def test_a_stream_that_nobody_wants_is_not_started(row: Row):
    master = FakeMaster(EMPTY_CLUSTER)
    done = stream.start(FakeDatabase({**ALONE, "stream_state_read": [row]}), master, SETTINGS)
    assert "not started" in done.what
    assert not master.submitted


@pytest.mark.parametrize(
    ("cluster", "named"), [(ON_CLUSTER, "app-1"), (replace(ON_CLUSTER, applications=()), "driver-1")]
)
def test_a_stream_that_is_there_is_not_started_again(cluster: Cluster, named: str):
    master = FakeMaster(cluster)
    assert named in stream.start(FakeDatabase(WANTED), master, SETTINGS).what
    assert not master.submitted


def test_two_starts_at_once_are_one():
    master = FakeMaster(EMPTY_CLUSTER)
    database = FakeDatabase({**WANTED, "stream_start_lock": [{"alone": False}]})
    with pytest.raises(StreamError, match="Another run starts"):
        stream.start(database, master, SETTINGS)
    assert not master.submitted


def test_what_is_submitted_is_supervised_in_cluster_mode_and_holds_no_secret():
    made = stream.submission(SETTINGS)
    assert made.script == "/app/users_stream.py"
    assert made.properties["spark.app.name"] == "users_stream"
    assert made.properties["spark.driver.supervise"] == "true"
    assert made.properties["spark.submit.deployMode"] == "cluster"
    assert made.properties["spark.executor.extraClassPath"] == "/jars/*"
    assert not [value for value in made.properties.values() if "postgresql" in value]


def test_a_class_path_that_is_empty_is_not_sent():
    made = stream.submission(SETTINGS.model_copy(update={"spark_class_path": ""}))
    assert not [name for name in made.properties if "ClassPath" in name]


CODE = ("contract/person.py", "spark/users_stream.py", "sql/statements/stream_wanted.sql", "requirements.lock")


def checkout(folder: Path) -> Path:
    for name in CODE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("one")
    return folder


@pytest.mark.parametrize("name", CODE)
def test_the_code_version_changes_with_the_code(name: str, tmp_path: Path):
    before = stream.code_version(SETTINGS, checkout(tmp_path))
    (tmp_path / name).write_text("two")
    assert stream.code_version(SETTINGS, tmp_path) != before


@pytest.mark.parametrize("name", ["README.md", "pipeline_defs/stream.py", "contract/person.pyc"])
def test_the_code_version_changes_with_no_other_file(name: str, tmp_path: Path):
    before = stream.code_version(SETTINGS, checkout(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("more words")
    assert stream.code_version(SETTINGS, tmp_path) == before


@pytest.mark.parametrize(
    "change",
    [
        {"spark_driver_memory": "1g"},
        {"spark_cores_max": 2},
        {"stream_variables": {"STREAM_MAX_OFFSETS_PER_TRIGGER": "9"}},
    ],
)
def test_the_code_version_changes_with_what_the_stream_is_given(change: dict[str, object], tmp_path: Path):
    changed = SETTINGS.model_copy(update=change)
    assert stream.code_version(changed, checkout(tmp_path)) != stream.code_version(SETTINGS, tmp_path)


def test_the_code_version_changes_with_the_consumers_file(tmp_path: Path):
    consumer = tmp_path / "consumer.json"
    given = SETTINGS.model_copy(update={"stream_variables": {"STREAM_CONSUMER_FILE": str(consumer)}})
    before = stream.code_version(given)
    consumer.write_text("{}")
    assert stream.code_version(given) != before


def test_a_stop_waits_for_the_driver_to_end_by_itself():
    database, master = FakeDatabase(), FakeMaster(ON_CLUSTER, ON_CLUSTER, EMPTY_CLUSTER)
    assert stream.stop(database, master, "somebody", patience()) == Done("stopped by itself")
    assert database.values_of("stream_state_want")[0]["wanted"] == "stopped"
    assert not master.killed


def test_a_stop_kills_a_driver_that_does_not_end():
    master = FakeMaster(*[ON_CLUSTER] * 6, EMPTY_CLUSTER)
    assert stream.stop(FakeDatabase(), master, "somebody", patience()) == Done("killed after 60 s")
    assert master.killed == ["driver-1"]


def test_a_stop_that_fails_says_what_is_still_there():
    with pytest.raises(StreamError, match="app-1"):
        stream.stop(FakeDatabase(), FakeMaster(ON_CLUSTER), "somebody", patience())


def test_a_restart_asks_waits_and_submits():
    database, master = FakeDatabase(WANTED), FakeMaster(ON_CLUSTER, ON_CLUSTER, EMPTY_CLUSTER)
    done = stream.restart(database, master, SETTINGS, patience())
    assert done == Done("stopped by itself; submitted as driver-7", "driver-7")
    assert next(name for name, _ in database.calls) == "stream_state_restart"
    assert not master.killed


def test_a_restart_of_what_is_not_there_is_a_start():
    done = stream.restart(FakeDatabase(WANTED), FakeMaster(EMPTY_CLUSTER), SETTINGS, patience())
    assert done == Done("was not there; submitted as driver-7", "driver-7")


def carried_out(
    action: str, subject: str | None, *clusters: Cluster, outcome: str | None = None, overtaken: bool = False
) -> tuple[Done, FakeDatabase, FakeMaster]:
    row = {"action": action, "subject": subject, "outcome": outcome, "overtaken": overtaken}
    database, master = FakeDatabase({**WANTED, "decisions_read": [row]}), FakeMaster(*clusters)
    return stream.carry_out(database, master, SETTINGS, 7, patience()), database, master


def test_a_decision_to_start_is_carried_out():
    done, _, master = carried_out("start", None, EMPTY_CLUSTER)
    assert done.driver_id == "driver-7"
    assert len(master.submitted) == 1


def test_a_decision_is_carried_out_once():
    done, _, master = carried_out("start", None, EMPTY_CLUSTER, outcome="submitted as driver-7")
    assert done == Done("not needed: it was carried out already")
    assert not master.submitted


@pytest.mark.parametrize("action", ["start", "restart", "stop", "stop the surplus one", "give up"])
def test_a_decision_that_somebodys_wish_has_overtaken_changes_nothing(action: str):
    done, database, master = carried_out(action, "driver-1", ON_CLUSTER, EMPTY_CLUSTER, overtaken=True)
    assert done.what.startswith("not needed: somebody")
    assert not database.values_of("stream_state_give_up")
    assert not master.submitted
    assert not master.killed


@pytest.mark.parametrize("action", ["restart", "stop", "stop the surplus one"])
def test_a_decision_about_what_is_gone_changes_nothing(action: str):
    done, _, master = carried_out(action, "app-0", ON_CLUSTER)
    assert done == Done("not needed: app-0 is gone")
    assert not master.submitted
    assert not master.killed


def test_a_decision_to_restart_is_carried_out():
    done, _, master = carried_out("restart", "app-1", ON_CLUSTER, ON_CLUSTER, EMPTY_CLUSTER)
    assert done.driver_id == "driver-7"
    assert len(master.submitted) == 1


def test_a_decision_to_stop_kills_the_one_driver():
    _, _, master = carried_out("stop the surplus one", "driver-1", ON_CLUSTER)
    assert master.killed == ["driver-1"]


def test_giving_up_refuses_every_driver_first_and_then_kills():
    _, database, master = carried_out("give up", "driver-1", ON_CLUSTER, ON_CLUSTER, ON_CLUSTER, EMPTY_CLUSTER)
    assert database.values_of("stream_state_give_up") == [{}]
    assert master.killed == ["driver-1"]
    assert not master.submitted
