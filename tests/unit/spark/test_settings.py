"""The stream's settings: precedence, prefixes, and errors that say what is allowed."""

import json
from pathlib import Path

import pytest

from spark.consumer_keys import KEYS, REFUSED
from spark.settings import CONSUMER_FILE, SettingsError, configure, read_consumer, read_settings

ENVIRONMENT = {
    "USERS_STREAM_DATABASE_URL": "postgresql://users_stream:secret@127.0.0.1/project_streaming",
    "STREAM_CHECKPOINT_ROOT": "/checkpoints",
}

# As it stands in the README of the project that this one replaces.
SEED_FILE = Path(__file__).parents[2] / "seed" / "consumer.json"
SEED = json.loads(SEED_FILE.read_text())


def test_the_seeds_configuration_is_taken_as_it_stands():
    settings = read_settings(ENVIRONMENT | {"STREAM_CONSUMER_FILE": str(SEED_FILE)})
    assert settings.bootstrap_servers == SEED["kafka.bootstrap.servers"]
    assert settings.topic == "random-user"
    assert settings.starting_offsets == "latest"
    assert settings.source_options["kafka.fetch.min.bytes"] == "1048576"
    assert settings.source_options["kafka.session.timeout.ms"] == "30000"
    assert settings.source_options["maxOffsetsPerTrigger"] == "5000"


def test_every_option_that_spark_would_ignore_has_the_prefix():
    of_spark = {"subscribe", "maxOffsetsPerTrigger"}
    options = configure(ENVIRONMENT, {}).source_options
    assert {name for name in options if not name.startswith("kafka.")} == of_spark


def test_a_prefixed_key_is_the_same_key():
    settings = configure(ENVIRONMENT, {"kafka.fetch.min.bytes": 7})
    assert settings.source_options["kafka.fetch.min.bytes"] == "7"


@pytest.mark.parametrize(
    ("variable", "in_file", "value", "origin"),
    [
        (None, None, "5000", "default"),
        (None, 7, "7", "consumer.json"),
        ("9", 7, "9", "environment"),
        ("9", None, "9", "environment"),
        ("", 7, "7", "consumer.json"),
    ],
)
def test_environment_before_file_before_default(variable: str | None, in_file: int | None, value: str, origin: str):
    environment = ENVIRONMENT | ({} if variable is None else {"STREAM_MAX_OFFSETS_PER_TRIGGER": variable})
    consumer = {} if in_file is None else {"maxOffsetsPerTrigger": in_file}
    settings = configure(environment, consumer)
    assert (settings.values["maxOffsetsPerTrigger"], settings.origins["maxOffsetsPerTrigger"]) == (value, origin)


@pytest.mark.parametrize("name", [*REFUSED, "kafka.group.id", "kafka.enable.auto.commit"])
def test_keys_that_break_the_ledger_are_refused(name: str):
    with pytest.raises(SettingsError, match=rf"{name} \(from consumer\.json\) is refused: .+"):
        configure(ENVIRONMENT, {name: "1"})


def test_an_unknown_key_is_refused_with_what_is_allowed():
    with pytest.raises(SettingsError, match=r"fetch\.mn\.bytes \(from consumer\.json\) is unknown.*fetch\.min\.bytes"):
        configure(ENVIRONMENT, {"fetch.mn.bytes": 1})


def test_a_key_given_twice_is_refused():
    with pytest.raises(SettingsError, match="twice"):
        configure(ENVIRONMENT, {"fetch.min.bytes": 1, "kafka.fetch.min.bytes": 2})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("startingOffsets", "newest", '"earliest" or "latest"'),
        ("startingOffsets", {"random-user": {"0": 5}}, '"earliest" or "latest"'),
        ("maxOffsetsPerTrigger", 0, "a whole number from 1"),
        ("maxOffsetsPerTrigger", "many", "a whole number from 1"),
        ("maxOffsetsPerTrigger", True, "a whole number from 1"),
        ("maxOffsetsPerTrigger", 1.5, "a whole number from 1"),
        ("fetch.max.bytes", 2**31, "to 999999488"),
        ("subscribe", "", "a text"),
        ("subscribe", ["random-user"], "a text"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(name: str, value: object, allowed: str):
    with pytest.raises(SettingsError) as refused:
        configure(ENVIRONMENT, {name: value})
    assert name in str(refused.value)
    assert allowed in str(refused.value)


def test_the_heartbeat_must_fit_the_session():
    with pytest.raises(
        SettingsError, match=r"heartbeat\.interval\.ms .* Allowed: less than session\.timeout\.ms, which is 1000"
    ):
        configure(ENVIRONMENT, {"session.timeout.ms": 1000})


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(variable: str):
    with pytest.raises(SettingsError, match=f"{variable} is not set"):
        read_settings({name: value for name, value in ENVIRONMENT.items() if name != variable})


def test_the_password_is_not_shown():
    assert "secret" not in repr(read_settings(ENVIRONMENT))


def test_the_shipped_file_has_the_seeds_keys_the_defaults_and_a_reason_for_each_difference():
    shipped = json.loads(CONSUMER_FILE.read_text())
    assert list(shipped) == list(SEED)
    assert shipped == {key.name: key.default for key in KEYS if key.name in SEED}
    assert {key.name for key in KEYS if key.differs} == {name for name in SEED if shipped[name] != SEED[name]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read (No such file or directory). Name a file with one JSON object."),
        ("{'subscribe': 'x'}", "is no JSON: Expecting property name"),
        ("[]", "holds no JSON object. Allowed: one JSON object, with the consumer's keys."),
        ('{"subscribe": 7}', "is 7. Allowed: a text."),
    ],
)
def test_a_file_that_cant_be_used_is_named(content: str | None, says: str, tmp_path: Path):
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as refused:
        read_consumer({"STREAM_CONSUMER_FILE": str(file)})
    assert str(file) in str(refused.value)
    assert says in str(refused.value)
