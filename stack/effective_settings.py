"""`pipeline status --settings`: each setting's effective value, and where it came from."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_settings import BaseSettings
from rich.console import Console
from rich.text import Text

from pipeline_defs.producer_configuration import DEFAULT, ENVIRONMENT, ProducerConfiguration
from pipeline_defs.producer_keys import KEYS as PRODUCER_KEYS
from pipeline_defs.settings import read_producer, read_settings
from spark.consumer_keys import KEYS as CONSUMER_KEYS
from spark.settings import Consumer
from stack import dagster_home, site
from stack.chosen_settings import is_secret, read_consumer
from stack.components import Site
from stack.errors import StackError
from stack.settings import Settings

REMEMBERED = "remembered from the last start"
THIS_STACK = "this stack"
_SECRET = "set (not shown)"  # noqa: S105 - what is shown in its place
_NOTHING = "not set"
_BROKERS = "KAFKA_BOOTSTRAP_SERVERS"


@dataclass(frozen=True)
class Effective:
    """One setting: its name, its environment variable, the value that counts, and where that came from."""

    name: str
    variable: str
    value: str
    origin: str


def configurations() -> tuple[ProducerConfiguration, Consumer]:
    """Give the producer's and the consumer's configuration.

    Raises:
        SettingsError: a key of the producer can't be used.
        StackError: a key of the consumer can't be used, or the two name different topics.
    """
    producer, consumer = read_producer(), read_consumer()
    if producer.topic != consumer.topic:
        raise StackError(
            f"People would be sent to topic {producer.topic} (kafka_topic, from {producer.origins['kafka_topic']}) and "
            f"read from {consumer.topic} (subscribe, from {consumer.origins['subscribe']}). "
            "Name the same topic in both, or set KAFKA_TOPIC."
        )
    return producer, consumer


def read(settings: Settings, remembered: Collection[str]) -> dict[str, list[Effective]]:
    """Give every setting, by whose it is.

    Args:
        settings: of the servers.
        remembered: the variables whose value is that of the last start, not this shell's.

    Raises:
        SettingsError: a setting of the pipeline can't be used.
        StackError: as configurations.
    """
    producer, consumer = configurations()
    here = site.locate(settings)
    return {
        "servers": list(_servers(settings, remembered)),
        "dagster": list(_dagster(here, producer, remembered)),
        "producer": list(_keys(PRODUCER_KEYS, producer, here, remembered)),
        "consumer": list(_keys(CONSUMER_KEYS, consumer, here, remembered)),
    }


def _servers(settings: Settings, remembered: Collection[str]) -> Iterator[Effective]:
    for name in type(settings).model_fields:
        variable = f"PIPELINE_{name.upper()}"
        value = _shown(getattr(settings, name))
        if name.endswith("_port") and settings.port_offset:
            value += f", moved to {settings.port(name.removesuffix('_port'))}"
        yield Effective(variable, variable, value, _origin(settings, name, variable, remembered))


def _dagster(here: Site, producer: ProducerConfiguration, remembered: Collection[str]) -> Iterator[Effective]:
    settings = read_settings()
    from_stack = dagster_home.pipeline_environment(here, "") | dagster_home.instance_environment(here, "")
    if here.random_user_api_url is not None:
        del from_stack["RANDOM_USER_API_URL"]
    shared = {key.variable: key.name for key in PRODUCER_KEYS}
    for name, field in type(settings).model_fields.items():
        if field.exclude:
            continue
        variable = name.upper()
        value, origin = _shown(getattr(settings, name)), _origin(settings, name, variable, remembered)
        if is_secret(field):
            value, origin = _SECRET, THIS_STACK
        elif variable in from_stack:
            value, origin = _shown(from_stack[variable]), THIS_STACK
        elif variable in shared:
            origin = _recalled(producer.origins[shared[variable]], variable, remembered)
        yield Effective(variable, variable, value, origin)


def _keys(
    keys: Collection[Any], configuration: ProducerConfiguration | Consumer, here: Site, remembered: Collection[str]
) -> Iterator[Effective]:
    for key in keys:
        value, origin = configuration.values[key.name], configuration.origins[key.name]
        if key.variable == _BROKERS:
            value, origin = here.bootstrap_servers, THIS_STACK
        yield Effective(key.name, key.variable, value, _recalled(origin, key.variable, remembered))


def _origin(settings: BaseSettings, name: str, variable: str, remembered: Collection[str]) -> str:
    return _recalled(ENVIRONMENT if name in settings.model_fields_set else DEFAULT, variable, remembered)


def _recalled(origin: str, variable: str, remembered: Collection[str]) -> str:
    return REMEMBERED if origin == ENVIRONMENT and variable in remembered else origin


def _shown(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value or (value if value == 0 else ""))
    return text or _NOTHING


def as_json(found: dict[str, list[Effective]]) -> dict[str, Any]:
    """Give the settings as JSON knows them."""
    return {whose: [asdict(one) for one in settings] for whose, settings in found.items()}


def show(found: dict[str, list[Effective]], console: Console) -> None:
    """Print the settings for people: name, value, and where it came from."""
    width = 2 + max(len(one.name) for settings in found.values() for one in settings)
    for whose, settings in found.items():
        console.print(Text(whose, "bold"))
        for one in settings:
            line = Text(f"  {one.name:<{width}}").append(f"{one.value}  ").append(f"({one.origin})", "dim")
            console.print(line, soft_wrap=True)
