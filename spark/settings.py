"""The stream's settings: environment first, then the consumer's JSON, then the default. Read once, in each process."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from spark.consumer_keys import CLIENT_NAMES, KEYS, REFUSED

FILE_VARIABLE = "STREAM_CONSUMER_FILE"
CONSUMER_FILE = Path(__file__).parent / "config" / "consumer.json"
ENVIRONMENT = "environment"
DEFAULT = "default"


class SettingsError(Exception):
    """A setting is missing, unknown or impossible. The text says which one, where it came from and what is allowed."""


@dataclass(frozen=True)
class Consumer:
    """The effective value of each key, as text, and where it came from: `environment`, the JSON file, or `default`."""

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
    def client_configuration(self) -> dict[str, str]:
        """What tasks give to the Kafka client that reads their records."""
        return {name: self.values[key] for key, name in CLIENT_NAMES.items()}

    @property
    def source_options(self) -> dict[str, str]:
        """Spark's options for the Kafka source, all but where to start."""
        chosen = {key.option: self.values[key.name] for key in KEYS if key.option not in ("", "startingOffsets")}
        return chosen | {"kafka.isolation.level": "read_committed"}


@dataclass(frozen=True)
class Settings(Consumer):
    """What the driver and its tasks need to know."""

    database_url: str = field(repr=False)
    checkpoint_root: Path


def configure(
    environment: Mapping[str, str], consumer: Mapping[str, object], file: str = CONSUMER_FILE.name
) -> Consumer:
    """Give the configuration that an environment and a consumer's JSON make; an empty variable counts as not set.

    Raises:
        SettingsError: a key is unknown, refused, or given twice, or a value is impossible.
    """
    values, origins = {}, {}
    given = _by_name(consumer, file)
    for key in KEYS:
        name, value = given.get(key.name, (key.name, key.default))
        origin = file if key.name in given else DEFAULT
        if environment.get(key.variable):
            name, value, origin = key.variable, environment[key.variable], ENVIRONMENT
        try:
            values[key.name] = key.check(value)
        except ValueError as error:
            raise SettingsError(f"{name} (from {origin}) is {json.dumps(value)}. Allowed: {error}.") from None
        origins[key.name] = origin
    if int(values["heartbeat.interval.ms"]) >= int(values["session.timeout.ms"]):
        raise SettingsError(
            f"heartbeat.interval.ms (from {origins['heartbeat.interval.ms']}) is {values['heartbeat.interval.ms']}. "
            f"Allowed: less than session.timeout.ms, which is {values['session.timeout.ms']}."
        )
    return Consumer(values, origins)


def read_consumer(environment: Mapping[str, str]) -> Consumer:
    """Give the configuration that an environment and the file that it names, or the shipped one, make.

    Raises:
        SettingsError: as configure, or the file can't be read as one JSON object.
    """
    named = environment.get(FILE_VARIABLE)
    path = Path(named) if named else CONSUMER_FILE
    whose = f"{path} (from {FILE_VARIABLE})" if named else str(path)
    try:
        consumer = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{whose} can't be read ({error.strerror}). Name a file with one JSON object.") from None
    except ValueError as error:
        raise SettingsError(f"{whose} is no JSON: {error}. Allowed: one JSON object.") from None
    if not isinstance(consumer, dict):
        raise SettingsError(f"{whose} holds no JSON object. Allowed: one JSON object, with the consumer's keys.")
    return configure(environment, consumer, named or CONSUMER_FILE.name)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Give the settings of a driver or task with this environment.

    Raises:
        SettingsError: as read_consumer, or a variable is missing.
    """
    consumer = read_consumer(environment)
    return Settings(
        values=consumer.values,
        origins=consumer.origins,
        database_url=_required(environment, "USERS_STREAM_DATABASE_URL"),
        checkpoint_root=Path(_required(environment, "STREAM_CHECKPOINT_ROOT")),
    )


@cache
def settings() -> Settings:
    """Give this process's settings.

    Raises:
        SettingsError: as read_settings.
    """
    return read_settings(os.environ)


def database_url() -> str:
    """Give the address of the tables alone, for a driver whose other settings can't be used.

    Raises:
        SettingsError: it is not set.
    """
    return _required(os.environ, "USERS_STREAM_DATABASE_URL")


def _by_name(consumer: Mapping[str, object], file: str) -> dict[str, tuple[str, object]]:
    """Give each key's own spelling and value by the name that KEYS has for it, with or without `kafka.`."""
    known = {key.name.removeprefix("kafka."): key.name for key in KEYS}
    given: dict[str, tuple[str, object]] = {}
    for name, value in consumer.items():
        bare = name.removeprefix("kafka.")
        if bare in REFUSED:
            raise SettingsError(f"{name} (from {file}) is refused: {REFUSED[bare]}. Take it out.")
        if bare not in known:
            allowed = ", ".join(key.name for key in KEYS)
            raise SettingsError(f"{name} (from {file}) is unknown. Allowed in the consumer's JSON: {allowed}.")
        if known[bare] in given:
            raise SettingsError(f"{name} (from {file}) is given twice, as {given[known[bare]][0]} too. Keep one.")
        given[known[bare]] = (name, value)
    return given


def _required(environment: Mapping[str, str], variable: str) -> str:
    value = environment.get(variable, "")
    if not value:
        raise SettingsError(f"{variable} is not set. Set it in the environment of the Spark workers.")
    return value
