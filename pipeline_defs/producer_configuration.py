"""The producer's configuration: environment first, then the producer's JSON, then the default."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline_defs.errors import SettingsError
from pipeline_defs.producer_keys import DELIVERY_SECONDS, KEYS

FILE_VARIABLE = "KAFKA_PRODUCER_FILE"
PRODUCER_FILE = Path(__file__).parent / "config" / "producer.json"
ENVIRONMENT = "environment"
DEFAULT = "default"

# What holds whatever the keys say.
FIXED: Mapping[str, str] = {
    # A record that is sent again is not stored twice.
    "enable.idempotence": "true",
    "delivery.timeout.ms": str(int(DELIVERY_SECONDS * 1000)),
    # As Kafka's own Java client does it: the same key in the same partition, whoever sends it.
    "partitioner": "murmur2_random",
}


@dataclass(frozen=True)
class ProducerConfiguration:
    """The effective value of each key, as text, and where it came from: `environment`, the JSON file, or `default`."""

    values: Mapping[str, str]
    origins: Mapping[str, str]

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's brokers, as host:port separated by commas."""
        return self.values["bootstrap_servers"]

    @property
    def topic(self) -> str:
        """The topic that is sent to."""
        return self.values["kafka_topic"]

    @property
    def block_seconds(self) -> float:
        """How long sending may block."""
        return int(self.values["max_block_ms"]) / 1000

    @property
    def properties(self) -> dict[str, str]:
        """All that confluent-kafka is given."""
        given = {
            name: str(-(-int(self.values[key.name]) // key.unit)) if key.unit > 1 else self.values[key.name]
            for key in KEYS
            for name in key.properties
        }
        return {**given, **FIXED}


def configure(
    environment: Mapping[str, str], producer: Mapping[str, object], file: str = PRODUCER_FILE.name
) -> ProducerConfiguration:
    """Give the configuration that an environment and a producer's JSON make; an empty variable counts as not set.

    Raises:
        SettingsError: a key is unknown, or a value is impossible.
    """
    known = [key.name for key in KEYS]
    if unknown := [name for name in producer if name not in known]:
        raise SettingsError(
            f"{unknown[0]} (from {file}) is unknown. Allowed in the producer's JSON: {', '.join(known)}."
        )
    values, origins = {}, {}
    for key in KEYS:
        name, value, origin = key.name, producer.get(key.name, key.default), file if key.name in producer else DEFAULT
        if environment.get(key.variable):
            name, value, origin = key.variable, environment[key.variable], ENVIRONMENT
        try:
            values[key.name] = key.check(value)
        except ValueError as error:
            raise SettingsError(f"{name} (from {origin}) is {json.dumps(value)}. Allowed: {error}.") from None
        origins[key.name] = origin
    return ProducerConfiguration(values, origins)


def read(environment: Mapping[str, str]) -> ProducerConfiguration:
    """Give the configuration that an environment and the file that it names, or the shipped one, make.

    Raises:
        SettingsError: as configure, or the file can't be read as one JSON object.
    """
    named = environment.get(FILE_VARIABLE)
    path = Path(named) if named else PRODUCER_FILE
    whose = f"{path} (from {FILE_VARIABLE})" if named else str(path)
    try:
        producer = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{whose} can't be read ({error.strerror}). Name a file with one JSON object.") from None
    except ValueError as error:
        raise SettingsError(f"{whose} is no JSON: {error}. Allowed: one JSON object.") from None
    if not isinstance(producer, dict):
        raise SettingsError(f"{whose} holds no JSON object. Allowed: one JSON object, with the producer's keys.")
    return configure(environment, producer, named or PRODUCER_FILE.name)
