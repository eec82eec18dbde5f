"""The stream's settings: environment first, then the consumer's JSON, then the default. Read once, in each process."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CONSUMER_FILE = Path(__file__).parent / "config" / "consumer.json"


class SettingsError(Exception):
    """A setting is missing, unknown or impossible. The text says which one and what is allowed."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _earliest_or_latest(value: object) -> str:
    if value not in ("earliest", "latest"):
        raise ValueError('"earliest" or "latest"')
    return value


def _integer_from(least: int) -> Callable[[object], str]:
    def integer(value: object) -> str:
        text = str(value)
        if isinstance(value, bool) or not text.isdecimal() or not least <= int(text) < 2**31:
            raise ValueError(f"a whole number from {least} to {2**31 - 1}")
        return text

    return integer


@dataclass(frozen=True)
class Key:
    """One key of the consumer's JSON: how it is checked, its default, its environment variable, Spark's name of it."""

    name: str
    check: Callable[[object], str]
    default: object
    variable: str
    option: str


def _kafka(name: str, check: Callable[[object], str], default: object) -> Key:
    # Spark ignores a consumer's key without the prefix, in silence.
    return Key(name, check, default, "STREAM_" + name.upper().replace(".", "_"), f"kafka.{name}")


KEYS = (
    Key(
        "kafka.bootstrap.servers",
        _text,
        "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097",
        "KAFKA_BOOTSTRAP_SERVERS",
        "kafka.bootstrap.servers",
    ),
    Key("subscribe", _text, "random-user", "KAFKA_TOPIC", "subscribe"),
    Key("startingOffsets", _earliest_or_latest, "earliest", "STREAM_STARTING_OFFSETS", "startingOffsets"),
    Key("maxOffsetsPerTrigger", _integer_from(1), 5000, "STREAM_MAX_OFFSETS_PER_TRIGGER", "maxOffsetsPerTrigger"),
    Key("triggerSeconds", _integer_from(0), 1, "STREAM_TRIGGER_SECONDS", ""),
    _kafka("fetch.max.bytes", _integer_from(1), 104857600),
    _kafka("fetch.min.bytes", _integer_from(1), 1),
    _kafka("fetch.max.wait.ms", _integer_from(0), 500),
    _kafka("max.partition.fetch.bytes", _integer_from(1), 1048576),
    _kafka("session.timeout.ms", _integer_from(1), 30000),
    _kafka("heartbeat.interval.ms", _integer_from(1), 10000),
)

REFUSED = {
    "minPartitions": "a task must be one whole Kafka partition, or the ledger could not lock it",
    "maxRecordsPerPartition": "a task must be one whole Kafka partition, or the ledger could not lock it",
    "group.id": "offsets are in the ledger, and a shared group would disturb Spark's reading",
    "groupIdPrefix": "offsets are in the ledger; there is no consumer group",
    "auto.offset.reset": "the ledger says where to go on; startingOffsets says where to begin",
    "enable.auto.commit": "offsets are in the ledger",
    "isolation.level": "the ledger is settled with committed records, so only these may be read",
    "failOnDataLoss": "lost offsets must end the driver, whose next start accounts for them",
    "startingOffsetsByTimestamp": "startingOffsets takes earliest or latest only",
    "startingTimestamp": "startingOffsets takes earliest or latest only",
    "endingOffsets": "a stream has no end",
    "assign": "subscribe names the one topic",
    "subscribePattern": "subscribe names the one topic",
}


@dataclass(frozen=True)
class Settings:
    """What the driver and its tasks need to know. `origins` says for each key where its value came from."""

    database_url: str = field(repr=False)
    checkpoint_root: Path
    values: Mapping[str, str]
    origins: Mapping[str, str]

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's brokers, as host:port separated by commas."""
        return self.values["kafka.bootstrap.servers"]

    @property
    def topic(self) -> str:
        """The topic that is read."""
        return self.values["subscribe"]

    @property
    def starting_offsets(self) -> str:
        """`earliest` or `latest`: where a topic that the ledger has never seen is begun."""
        return self.values["startingOffsets"]

    @property
    def trigger_seconds(self) -> int:
        """Seconds from one batch's start to the next one's."""
        return int(self.values["triggerSeconds"])

    @property
    def source_options(self) -> dict[str, str]:
        """Spark's options for the Kafka source, all but where to start."""
        chosen = {key.option: self.values[key.name] for key in KEYS if key.option not in ("", "startingOffsets")}
        return chosen | {"kafka.isolation.level": "read_committed"}


def read_settings(environment: Mapping[str, str], consumer: Mapping[str, object]) -> Settings:
    """Give the settings that an environment and a consumer's JSON make.

    Raises:
        SettingsError: a key is unknown, refused or impossible, or a variable is missing.
    """
    values, origins = {}, {}
    given = _by_name(consumer)
    for key in KEYS:
        name, value = given.get(key.name, (key.name, key.default))
        origin = "consumer.json" if key.name in given else "default"
        if key.variable in environment:
            name, value, origin = key.variable, environment[key.variable], "environment"
        try:
            values[key.name] = key.check(value)
        except ValueError as error:
            raise SettingsError(f"{name} (from {origin}) is {value!r}. Allowed: {error}.") from None
        origins[key.name] = origin
    if int(values["heartbeat.interval.ms"]) >= int(values["session.timeout.ms"]):
        raise SettingsError("heartbeat.interval.ms must be less than session.timeout.ms.")
    return Settings(
        database_url=_required(environment, "USERS_STREAM_DATABASE_URL"),
        checkpoint_root=Path(_required(environment, "STREAM_CHECKPOINT_ROOT")),
        values=values,
        origins=origins,
    )


@cache
def settings() -> Settings:
    """Give this process's settings.

    Raises:
        SettingsError: as read_settings, or the consumer's JSON can't be read.
    """
    path = Path(os.environ.get("STREAM_CONSUMER_FILE", CONSUMER_FILE))
    try:
        consumer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} can't be read as JSON: {error}. Correct the file.") from None
    if not isinstance(consumer, dict):
        raise SettingsError(f"{path} must hold one JSON object.")
    return read_settings(os.environ, consumer)


def _by_name(consumer: Mapping[str, object]) -> dict[str, tuple[str, object]]:
    """Give each key's own spelling and value by the name that KEYS has for it, with or without `kafka.`."""
    known = {key.name.removeprefix("kafka."): key.name for key in KEYS}
    given: dict[str, tuple[str, object]] = {}
    for name, value in consumer.items():
        bare = name.removeprefix("kafka.")
        if bare in REFUSED:
            raise SettingsError(f"{name} is refused: {REFUSED[bare]}. Take it out of the consumer's JSON.")
        if bare not in known:
            allowed = ", ".join(sorted(key.name for key in KEYS))
            raise SettingsError(f"{name} is unknown. Allowed in the consumer's JSON: {allowed}.")
        if known[bare] in given:
            raise SettingsError(f"{name} is given twice, as {given[known[bare]][0]} too. Keep one.")
        given[known[bare]] = (name, value)
    return given


def _required(environment: Mapping[str, str], variable: str) -> str:
    value = environment.get(variable, "")
    if not value:
        raise SettingsError(f"{variable} is not set. Set it in the environment of the Spark workers.")
    return value
