"""The page `docs/settings.md`: every setting explained, from the settings themselves."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from pipeline_defs.producer_configuration import FILE_VARIABLE as PRODUCER_VARIABLE
from pipeline_defs.producer_configuration import FIXED, PRODUCER_FILE
from pipeline_defs.producer_keys import KEYS as PRODUCER_KEYS
from pipeline_defs.settings import Settings as PipelineSettings
from spark.consumer_keys import KEYS as CONSUMER_KEYS
from spark.consumer_keys import REFUSED
from spark.settings import CONSUMER_FILE
from spark.settings import FILE_VARIABLE as CONSUMER_VARIABLE
from stack.chosen_settings import FROM_SERVERS, is_secret
from stack.settings import REPOSITORY, Settings

_INTRODUCTION = f"""# Settings

`make docs` writes this page from the settings themselves.

Settings are environment variables of the shell in which you say `make up`. It remembers those that differ from the
defaults, for all later commands; an empty variable forgets one. What can't be used is refused before anything starts:
one sentence names it, where it came from, and what is allowed. `pipeline status --settings` shows each effective value
and where it came from, whether the stack runs or not; what it shows is what the next `make up` applies.

The producer and the stream also read a JSON file each, with the keys of the project that this one replaces, the seed.
A variable comes before the file, the file before the default. `{PRODUCER_VARIABLE}` and `{CONSUMER_VARIABLE}` name
other files than the shipped ones; the seed's own two can be used as they stand. The local servers' addresses come
before all: on a local stack the brokers are its own, whatever a file says.
"""

_WORKERS = """Besides these, the workers' environment has `USERS_STREAM_DATABASE_URL`, `STREAM_CHECKPOINT_ROOT` (a
folder for what Spark writes down between batches; each start makes it anew, and it may be deleted at any time) and
`PYTHONPATH` (the folder that holds `contract/`, `spark/` and `sql/`). `make up` and the containers set them."""


def render() -> str:
    """Give the page."""
    return "\n".join((*_sections(),)).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield _INTRODUCTION
    for heading, model, prefix in (
        ("The local servers", Settings, "PIPELINE_"),
        ("Dagster's side", PipelineSettings, ""),
    ):
        yield f"## {heading}\n"
        rows = (_of_field(model, name, prefix) for name, field in model.model_fields.items() if not field.exclude)
        yield _table(("variable", "default", "what it is"), rows)
    yield "## The producer\n"
    yield f"The keys of `{_inside(PRODUCER_FILE)}`: those of Kafka's Java client, translated for confluent-kafka.\n"
    yield _of_keys("confluent-kafka's property", ((key, key.properties) for key in PRODUCER_KEYS))
    yield "Whatever the keys say:\n"
    yield _table(("property", "value"), ((f"`{name}`", f"`{value}`") for name, value in FIXED.items()))
    yield from _differences(PRODUCER_KEYS)
    yield "## The consumer\n"
    yield (
        f"The keys of `{_inside(CONSUMER_FILE)}`. Kafka's own may be written with or without `kafka.`; Spark is\n"
        "always given the prefix, without which it would ignore them in silence.\n"
    )
    yield _of_keys("Spark's option", ((key, (key.option,)) for key in CONSUMER_KEYS))
    yield from _differences(CONSUMER_KEYS)
    yield "Refused, because they would break what the ledger promises:\n"
    yield _table(("key", "why"), ((f"`{name}`", why) for name, why in REFUSED.items()))
    yield _WORKERS


def _of_keys(translation: str, keys: Iterable[tuple[Any, tuple[str, ...]]]) -> str:
    headings = ("key", "variable", "default", "allowed", translation, "what it does")
    rows = (
        (
            *_codes(key.name, key.variable, key.default),
            *(allowed(key.check), ", ".join(_codes(*filter(None, names))) or "none", key.explanation),
        )
        for key, names in keys
    )
    return _table(headings, rows)


def _differences(keys: Iterable[Any]) -> Iterator[str]:
    yield "Where the shipped file differs from the seed's:\n"
    rows = ((*_codes(key.name, key.default), key.differs) for key in keys if key.differs)
    yield _table(("key", "shipped", "why"), rows)


def _of_field(model: type[BaseSettings], name: str, prefix: str = "") -> tuple[str, str, str]:
    field, variable = model.model_fields[name], f"{prefix}{name}".upper()
    notes = (
        " The local servers decide it."
        if variable in FROM_SERVERS or (is_secret(field) and variable != "ALERT_WEBHOOK_URL")
        else ""
    )
    return f"`{variable}`", f"{_default(field)}{_range(field)}", f"{field.description}{notes}"


def _default(field: FieldInfo) -> str:
    if is_secret(field) and field.default is not None:
        return "not shown"
    if field.default_factory or str(field.default).startswith((str(REPOSITORY), sys.executable)):
        return "of the machine"
    return f"`{field.default}`" if field.default not in (None, "", ()) else "not set"


def _range(field: FieldInfo) -> str:
    least = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    most = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if least is None:
        return ""
    return f" ({least} or more)" if most is None else f" ({least} to {most})"


def allowed(check: Callable[[object], str]) -> str:
    """Give what a key's check allows, as it says of something that no key allows."""
    try:
        check(object())
    except ValueError as error:
        return str(error)
    raise AssertionError("a check that allows everything")


def _inside(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _codes(*values: object) -> Iterator[str]:
    return (f"`{value}`" for value in values)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
