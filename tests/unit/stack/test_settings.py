import json
from pathlib import Path

import pytest

from pipeline_defs.settings import read_settings
from stack import accounts, chosen_settings
from stack import settings as stack_settings
from stack.errors import MachineError, StackError
from stack.remembered import REMEMBERED
from stack.settings import Settings


def test_the_ports_are_those_that_users_know():
    settings = Settings()
    assert [settings.port(f"broker-{number}") for number in (1, 2, 3)] == [9095, 9096, 9097]
    assert settings.port("dagster-webserver") == 3000
    assert settings.port("spark-master-rest") == 6066


def test_an_offset_moves_every_port():
    here, there = Settings(port_offset=0), Settings(port_offset=10000)
    assert [there.port(name) - here.port(name) for name in here.port_names()] == [10000] * len(here.port_names())


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"PIPELINE_PORT_OFFSET": "60000"}, "which is no TCP port"),
        ({"PIPELINE_BROKER_1_PORT": "9096"}, "broker_2_port and broker_1_port are both 9096"),
        ({"PIPELINE_BROKER_1_PORT": "0"}, "PIPELINE_BROKER_1_PORT"),
        ({"PIPELINE_POSTGRES_PORT": "many"}, "PIPELINE_POSTGRES_PORT"),
    ],
)
def test_an_impossible_port_is_named(variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StackError, match=says):
        stack_settings.load()


def test_later_commands_find_the_ports_of_the_last_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started = Settings(port_offset=10000, broker_1_port=9195)
    assert started.remembered() == {"port_offset": 10000, "broker_1_port": 9195, "environment": {}}
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / REMEMBERED).write_text(json.dumps(started.remembered()))
    assert stack_settings.load().port("broker-1") == 19195
    monkeypatch.setenv("PIPELINE_PORT_OFFSET", "20000")
    assert stack_settings.load().port("broker-1") == 29195


@pytest.mark.parametrize(("mode", "enterable"), [(0o711, True), (0o755, True), (0o700, False), (0o750, False)])
def test_a_closed_folder_closes_all_below_it(mode: int, enterable: bool, tmp_path: Path):  # noqa: FBT001 - a case
    below = tmp_path / "closed" / "open"
    below.mkdir(parents=True)
    (tmp_path / "closed").chmod(mode)
    # The folders above are the machine's own.
    above = accounts.enterable_by_others(tmp_path)
    assert accounts.enterable_by_others(below) == (enterable and above)


def test_later_commands_find_the_chosen_settings_of_the_last_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CADENCE_SECONDS", "10")
    monkeypatch.setenv("PEOPLE_PER_TICK", "10")  # the default
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / REMEMBERED).write_text(json.dumps(Settings().remembered()))
    monkeypatch.delenv("CADENCE_SECONDS")
    stack_settings.load()
    assert chosen_settings.chosen() == {"CADENCE_SECONDS": "10"}
    assert read_settings().cadence_seconds == 10


@pytest.mark.parametrize(("said", "chosen"), [("15", {"CADENCE_SECONDS": "15"}), ("25", {}), ("", {})])
def test_the_shell_overrules_what_is_remembered(
    said: str, chosen: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / REMEMBERED).write_text('{"environment": {"CADENCE_SECONDS": "10"}}')
    monkeypatch.setenv("CADENCE_SECONDS", said)
    stack_settings.load()
    assert chosen_settings.chosen() == chosen


def test_passwords_of_the_shell_reach_no_server(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CADENCE_SECONDS", "10")
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://postgres:secret@elsewhere/postgres")
    monkeypatch.setenv("PIPELINE_PASSWORD", "secret")
    chosen = chosen_settings.chosen_for_dagster()
    assert chosen["CADENCE_SECONDS"] == "10"
    monkeypatch.setenv("USERS_STREAM_DATABASE_URL", "postgresql://users_stream:secret@elsewhere/postgres")
    assert "secret" not in str(chosen | chosen_settings.chosen_for_the_stream() | Settings().remembered())


def test_the_configurations_of_producer_and_consumer_are_handed_on_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "KAFKA_PRODUCER_FILE": "mine.json",
        "STREAM_CONSUMER_FILE": "/etc/consumer.json",
        "KAFKA_PRODUCER_LINGER_MS": "7",
        "KAFKA_PRODUCER_BATCH_SIZE": "16384",  # the default
        "STREAM_TRIGGER_SECONDS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    stack_settings.load()
    file = str(tmp_path / "mine.json")
    assert chosen_settings.chosen_for_dagster() == {
        "KAFKA_PRODUCER_FILE": file,
        "KAFKA_PRODUCER_LINGER_MS": "7",
        "KAFKA_PRODUCER_BATCH_SIZE": "16384",
    }
    assert chosen_settings.chosen_for_the_stream() == {
        "STREAM_CONSUMER_FILE": "/etc/consumer.json",
        "STREAM_TRIGGER_SECONDS": "2",
    }
    assert Settings().remembered()["environment"] == {
        "KAFKA_PRODUCER_FILE": file,
        "KAFKA_PRODUCER_LINGER_MS": "7",
        "STREAM_CONSUMER_FILE": "/etc/consumer.json",
        "STREAM_TRIGGER_SECONDS": "2",
    }


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIPELINE_STATE", "")
    monkeypatch.setenv("PIPELINE_JAVA_HOME", "")
    settings = Settings()
    assert settings.state == stack_settings.default_state()
    assert settings.java_home is None


def test_the_repository_itself_is_no_state_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIPELINE_STATE", str(stack_settings.REPOSITORY / "stack" / ".."))
    with pytest.raises(StackError, match="names the repository itself"):
        stack_settings.load()


@pytest.mark.parametrize("content", ["{", "[]", '{"environment": 1}', '{"environment": {"KAFKA_TOPIC": 1}}', ""])
def test_damaged_memories_of_the_last_start_are_said(content: str, tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / REMEMBERED).write_text(content)
    with pytest.raises(MachineError, match="is damaged"):
        stack_settings.load()
