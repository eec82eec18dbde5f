"""What a component is: a server process, what it needs, and how it is asked whether it is well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import TopologicalSorter
from pathlib import Path

from stack.settings import Settings
from stack.state import State

HOST = "127.0.0.1"


class Probe(StrEnum):
    """The question that tells whether a component is well; `health` knows how to ask each."""

    KAFKA_CONTROLLER = "answers Kafka's protocol"
    KAFKA_BROKER = "sees itself in the Kafka cluster"
    POSTGRESQL = "answers a query"
    SPARK_MASTER = "is not on standby"
    SPARK_WORKER = "is alive for the Spark master"
    DAGSTER_CODE = "serves the definitions"
    DAGSTER_WEBSERVER = "has loaded the code location"
    DAGSTER_DAEMON = "has a heartbeat of each daemon"
    RANDOM_USER_API = "answers HTTP"


@dataclass(frozen=True)
class Component:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    probe: Probe
    ports: tuple[int, ...]  # all that it listens on; the first one is asked by the probe
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # names of components and steps that must be well before this one is started
    folder: Path | None = None  # working folder
    account: str | None = None  # runs as this account in place of ours
    stop_signal: str = "TERM"
    stop_seconds: int = 30  # until it is killed
    start_seconds: int = 300  # until it counts as one that won't become well


@dataclass(frozen=True)
class Site:
    """Where a stack is: all that the rendering of its configuration depends on."""

    settings: Settings
    state: State
    repository: Path
    python: Path  # the interpreter of .venv
    java: Path
    spark_home: Path
    kafka_jars: Path
    connector_jars: Path
    postgres_programs: Path
    random_user_api_url: str | None = None  # None: the embedded API, as a component

    def port(self, name: str) -> int:
        """Give the effective port of that name."""
        return self.settings.port(name)

    def url(self, name: str, scheme: str = "http") -> str:
        """Give the URL of the server at that port."""
        return f"{scheme}://{HOST}:{self.port(name)}"

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's bootstrap servers."""
        return ",".join(f"{HOST}:{self.port(f'broker-{number}')}" for number in (1, 2, 3))

    def database_url(self, role: str, database: str, password: str) -> str:
        """Give the URL of a database for a role."""
        return f"postgresql://{role}:{password}@{HOST}:{self.port('postgres')}/{database}"


def start_order(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Give the groups in which to start: each group's needs are met by the groups before it.

    Raises:
        graphlib.CycleError: two need each other.
    """
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    groups: list[tuple[str, ...]] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        groups.append(tuple(sorted(ready)))
        sorter.done(*ready)
    return groups
