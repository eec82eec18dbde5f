"""Each setting's effective value, and where it came from; no stack runs."""

import json
from pathlib import Path

import pytest

from stack import effective_settings, site
from stack import settings as stack_settings
from stack.effective_settings import Effective
from stack.errors import StackError
from stack.remembered import REMEMBERED
from tests.unit.stack.test_command_line import run

SEED = Path(__file__).parents[2] / "seed"


def effective() -> dict[str, dict[str, Effective]]:
    found = effective_settings.read(*stack_settings.load_and_tell())
    return {whose: {one.name: one for one in settings} for whose, settings in found.items()}


def remember(tmp_path: Path, **kept: object) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / REMEMBERED).write_text(json.dumps(kept))


@pytest.mark.parametrize(
    "case",
    [
        ("servers", "PIPELINE_PORT_OFFSET", "100", "remembered from the last start"),
        ("servers", "PIPELINE_POSTGRES_PORT", "5433, moved to 5533", "environment"),
        ("servers", "PIPELINE_BROKER_1_PORT", "9095, moved to 9195", "default"),
        ("servers", "PIPELINE_JAVA_HOME", "not set", "default"),
        ("dagster", "CADENCE_SECONDS", "15", "environment"),
        ("dagster", "PEOPLE_PER_TICK", "50", "remembered from the last start"),
        ("dagster", "SPARK_CORES_MAX", "3", "default"),
        ("dagster", "RANDOM_USER_NATIONALITIES", "CH,FR", "environment"),
        ("dagster", "RANDOM_USER_API_URL", site.DEFAULT_SOURCE, "default"),
        ("dagster", "KAFKA_TOPIC", "people", "environment"),
        ("dagster", "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9195,127.0.0.1:9196,127.0.0.1:9197", "this stack"),
        ("dagster", "DATABASE_URL", "set (not shown)", "this stack"),
        ("producer", "bootstrap_servers", "127.0.0.1:9195,127.0.0.1:9196,127.0.0.1:9197", "this stack"),
        ("producer", "kafka_topic", "people", "environment"),
        ("producer", "linger_ms", "9", "remembered from the last start"),
        ("producer", "batch_size", "1", "environment"),
        ("producer", "retries", "3", str(SEED / "producer.json")),
        ("consumer", "kafka.bootstrap.servers", "127.0.0.1:9195,127.0.0.1:9196,127.0.0.1:9197", "this stack"),
        ("consumer", "subscribe", "people", "environment"),
        ("consumer", "maxOffsetsPerTrigger", "5000", "consumer.json"),
        ("consumer", "triggerSeconds", "0", "default"),
        ("consumer", "fetch.min.bytes", "7", "remembered from the last start"),
    ],
)
def test_each_value_says_where_it_came_from(
    case: tuple[str, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whose, name, value, origin = case
    chosen = {
        "CADENCE_SECONDS": "10",
        "PEOPLE_PER_TICK": "50",
        "KAFKA_PRODUCER_LINGER_MS": "9",
        "KAFKA_PRODUCER_FILE": str(SEED / "producer.json"),
        "STREAM_FETCH_MIN_BYTES": "7",
    }
    for variable in chosen:
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    remember(tmp_path, port_offset=100, postgres_port=5434, environment=chosen)
    for variable, given in {
        "PIPELINE_POSTGRES_PORT": "5433",
        "CADENCE_SECONDS": "15",
        "RANDOM_USER_NATIONALITIES": "CH, FR",
        "KAFKA_TOPIC": "people",
        "KAFKA_PRODUCER_BATCH_SIZE": "1",
        "KAFKA_BOOTSTRAP_SERVERS": "elsewhere:9092",
        "DATABASE_URL": "postgresql://pipeline:tell-nobody@elsewhere/db",
    }.items():
        monkeypatch.setenv(variable, given)
    found = effective()
    assert (found[whose][name].value, found[whose][name].origin) == (value, origin)
    assert "tell-nobody" not in str(found)


def test_the_embedded_api_is_this_stacks(tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "embedded_api").touch()
    source = effective()["dagster"]["RANDOM_USER_API_URL"]
    assert (source.value, source.origin) == ("http://127.0.0.1:8090/api/1.4/", "this stack")


@pytest.mark.parametrize(
    "case",
    [
        ("KAFKA_PRODUCER_FILE", {"kafka_topic": "people"}, "People would be sent to topic people"),
        ("STREAM_CONSUMER_FILE", {"subscribe": "people"}, "read from people"),
        ("STREAM_CONSUMER_FILE", {"fetch.mn.bytes": 1}, "is unknown. Allowed in the consumer's JSON"),
        ("STREAM_CONSUMER_FILE", {"group.id": "mine"}, "is refused: offsets are in the ledger"),
    ],
)
def test_up_refuses_it_before_anything_starts(
    case: tuple[str, dict[str, object], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    name, content, says = case
    (tmp_path / "mine.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "mine.json")
    assert run(["up"], monkeypatch) == 1
    shown = capfd.readouterr()
    assert says in shown.err
    assert str(tmp_path / "mine.json") in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not (tmp_path / "state").exists()


def test_one_topic_in_both_files_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, content in {
        "KAFKA_PRODUCER_FILE": {"kafka_topic": "people"},
        "STREAM_CONSUMER_FILE": {"subscribe": "people"},
    }.items():
        (tmp_path / name).write_text(json.dumps(content))
        monkeypatch.setenv(name, str(tmp_path / name))
    producer, consumer = effective_settings.configurations()
    assert (producer.topic, consumer.topic) == ("people", "people")


def test_a_topic_in_one_file_only_says_how_to_name_it_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "mine.json"
    file.write_text('{"kafka_topic": "people"}')
    monkeypatch.setenv("KAFKA_PRODUCER_FILE", str(file))
    with pytest.raises(StackError) as refused:
        effective_settings.configurations()
    assert str(refused.value) == (
        f"People would be sent to topic people (kafka_topic, from {file}) and read from random-user (subscribe, from "
        "consumer.json). Name the same topic in both, or set KAFKA_TOPIC."
    )


def test_the_command_shows_them_for_people_and_for_programs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    assert run(["status", "--settings"], monkeypatch) == 0
    shown = capfd.readouterr().out
    assert "  acks                                   all  (producer.json)\n" in shown
    assert "  DATABASE_URL                           set (not shown)  (this stack)\n" in shown
    assert run(["status", "--settings", "--json"], monkeypatch) == 0
    found = json.loads(capfd.readouterr().out)
    assert list(found) == ["servers", "dagster", "producer", "consumer"]
    assert {
        "name": "linger_ms",
        "variable": "KAFKA_PRODUCER_LINGER_MS",
        "value": "5",
        "origin": "producer.json",
    } in found["producer"]
