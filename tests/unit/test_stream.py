from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_defs import stream
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster
from pipeline_defs.stream import Patience, StreamError
from tests.definitions.fakes import EMPTY_CLUSTER, ON_CLUSTER, FakeDatabase, FakeMaster, wanted

SETTINGS = Settings(spark_application="/app/users_stream.py", spark_class_path="/jars/*")
ALONE = {"stream_start_lock": [{"alone": True}]}
WANTED = {**ALONE, "stream_state_read": wanted("running")}


def patience() -> Patience:
    """An impatient minute: every look costs 20 s of it."""
    passed = iter(range(0, 100_000, 20))
    return Patience(60, clock=lambda: float(next(passed)), sleep=lambda _: None)


def test_a_start_by_hand_wants_the_stream_running_and_submits_it():
    database, master = FakeDatabase(WANTED), FakeMaster(EMPTY_CLUSTER)
    assert stream.start(database, master, SETTINGS, "somebody") == "submitted as driver-7"
    assert next(name for name, _ in database.calls) == "stream_state_want"
    assert len(master.submitted) == 1


def test_a_start_by_the_supervisor_changes_nothing_that_is_wanted():
    database, master = FakeDatabase(WANTED), FakeMaster(EMPTY_CLUSTER)
    stream.start(database, master, SETTINGS, None)
    assert not database.values_of("stream_state_want")
    assert len(master.submitted) == 1


def test_a_stream_that_was_stopped_meanwhile_is_not_started():
    database, master = FakeDatabase({**ALONE, "stream_state_read": wanted("stopped")}), FakeMaster(EMPTY_CLUSTER)
    assert stream.start(database, master, SETTINGS, None) == "not started: it is wanted stopped"
    assert not master.submitted


@pytest.mark.parametrize(
    ("cluster", "named"), [(ON_CLUSTER, "app-1"), (replace(ON_CLUSTER, applications=()), "driver-1")]
)
def test_a_stream_that_is_there_is_not_started_again(cluster: Cluster, named: str):
    master = FakeMaster(cluster)
    assert named in stream.start(FakeDatabase(WANTED), master, SETTINGS, "somebody")
    assert not master.submitted


def test_two_starts_at_once_are_one():
    master = FakeMaster(EMPTY_CLUSTER)
    database = FakeDatabase({**WANTED, "stream_start_lock": [{"alone": False}]})
    with pytest.raises(StreamError, match="Another start_stream run"):
        stream.start(database, master, SETTINGS, "somebody")
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


def test_the_code_version_changes_with_the_code_and_with_nothing_else(tmp_path: Path):
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "users_stream.py").write_text("one")
    (tmp_path / "requirements.lock").write_text("lock")
    before = stream.code_version(tmp_path)
    (tmp_path / "README.md").write_text("more words")
    assert stream.code_version(tmp_path) == before
    (tmp_path / "spark" / "users_stream.py").write_text("two")
    assert stream.code_version(tmp_path) != before


def test_a_stop_waits_for_the_driver_to_end_by_itself():
    database, master = FakeDatabase(), FakeMaster(ON_CLUSTER, ON_CLUSTER, EMPTY_CLUSTER)
    assert stream.stop(database, master, "somebody", patience()) == "stopped by itself"
    assert database.values_of("stream_state_want")[0]["wanted"] == "stopped"
    assert not master.killed


def test_a_stop_kills_a_driver_that_does_not_end():
    master = FakeMaster(*[ON_CLUSTER] * 4, EMPTY_CLUSTER)
    assert stream.stop(FakeDatabase(), master, "somebody", patience()) == "killed after 60 s"
    assert master.killed == ["driver-1"]


def test_a_stop_that_fails_says_what_is_still_there():
    with pytest.raises(StreamError, match="app-1"):
        stream.stop(FakeDatabase(), FakeMaster(ON_CLUSTER), "somebody", patience())
