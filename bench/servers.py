"""The servers that the contenders share: a stack of its own, in a folder and on ports of its own."""

# confluent_kafka.admin documents its classes under this name, but doesn't mark them as exported.
# pyright: reportPrivateImportUsage=false

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr
from rich.console import Console

from pipeline_defs import provision
from pipeline_defs.kafka_topic import Topic, TopicShape
from pipeline_defs.settings import Settings as PipelineSettings
from stack import (
    dagster_home,
    down,
    environment,
    jars,
    java,
    kafka,
    passwords,
    postgres,
    settings,
    shell,
    site,
    spark_cluster,
)
from stack.components import Component
from stack.display import Board
from stack.launch import Launch
from stack.state import State
from stack.supervisor import Supervisor, mark_children

TOPIC = "random-user"
_REPLICAS = 3
_RETENTION_HOURS = 72
_PATIENCE_SECONDS = 60.0
_DAGSTER = ("dagster-code", "dagster-webserver", "dagster-daemon", site.EMBEDDED_API)
_COMMITS = "track_commit_timestamp = on\n"
_ROLES = ("pipeline", "users_stream", "dagster")
# Every table that a run writes to.
_EMPTY = (
    "TRUNCATE users RESTART IDENTITY; TRUNCATE users_erased, stream_offsets, skipped_offsets, rejected_records, "
    "driver_starts, stream_progress"
)


class Servers:
    """Kafka, PostgreSQL and Spark, as `make up` starts them; Dagster only where a block asks for it."""

    def __init__(self, state: Path, port_offset: int, console: Console) -> None:
        os.environ |= {"PIPELINE_STATE": str(state), "PIPELINE_PORT_OFFSET": str(port_offset)}
        self._settings = settings.Settings()
        self._console = console
        self._java = java.find(self._settings)
        self.state = State(self._settings.state)
        self._supervisor = Supervisor(self.state)
        self._variables: dict[str, str] = {}
        self._up: tuple[dict[str, str], bool] | None = None
        self.site = site.locate(self._settings, java=self._java, embedded_api=True)
        self.passwords: dict[str, str] = {}

    def up(self, stream: Mapping[str, str], *, dagster: bool = False) -> None:
        """Start what isn't running, and stop what isn't asked for.

        Args:
            stream: settings of the stream, as environment variables; other ones restart the Spark workers.
            dagster: whether Dagster is to run as well.

        Raises:
            StackError: a server does not come up.
        """
        if self._up == (dict(stream), dagster):
            return
        self._up = None
        for name in self._variables.keys() - stream.keys():
            del os.environ[name]
        os.environ |= stream
        self._variables = dict(stream)
        mark_children(self.state)
        self.state.create()
        jars.provide(self._settings.cache, self._java, self._settings.maven_repository)
        self.passwords = passwords.load_or_create(self.state.passwords)
        passwords.keep_webhook(self.state.passwords, None)
        components = [one for one in site.components(self.site) if dagster or one.name not in _DAGSTER]
        self._prepare()
        self._supervisor.configure(components)
        if self._supervisor.answers():
            self._supervisor.apply()
        else:
            spark_cluster.forget_the_gone(self.state)
            self._supervisor.launch()
        self._launch(components)
        self._up = dict(stream), dagster

    def clear(self) -> None:
        """End what a run that was cut off has left."""
        down.down(self._settings, self._console)

    def destroy(self) -> None:
        """Stop everything and delete the data, with what contenders wrote."""
        shutil.rmtree(self.state.root / "bench", ignore_errors=True)
        down.destroy(self._settings, self._console)

    def _prepare(self) -> None:
        postgres.prepare(self.site, self.passwords["postgres"])
        kafka.prepare(self.site)
        spark_cluster.prepare(self.site)
        dagster_home.prepare(self.site)
        self._note_commits()

    def _launch(self, components: list[Component]) -> None:
        wanted = self.pipeline_settings()
        brokers = tuple(name for name in kafka.server_names() if name.startswith("broker"))
        steps = {
            dagster_home.DATABASE_STEP: (("postgres",), lambda: self._provision(wanted)),
            dagster_home.TOPIC_STEP: (brokers, lambda: provision.topic(wanted)),
        }
        names = [one.name for one in components]
        board = Board(self._console, [*names, *steps])
        with board.shown():
            Launch(self.site, self._supervisor, self.passwords, board).run(components, steps)

    @staticmethod
    def _provision(wanted: PipelineSettings) -> None:
        list(provision.cluster(wanted))
        list(provision.schema(wanted.database_url))

    def _note_commits(self) -> None:
        """Let PostgreSQL keep when each transaction was committed: the moment from which a row can be seen."""
        configuration = postgres.data(self.state) / "postgresql.auto.conf"
        if _COMMITS not in configuration.read_text(encoding="utf-8"):
            with configuration.open("a", encoding="utf-8") as file:
                file.write(_COMMITS)

    def pipeline_settings(self) -> PipelineSettings:
        """Return the settings with which Dagster would start the stream and provision the servers."""
        here = dagster_home.pipeline_environment(self.site, self.passwords["pipeline"])
        values: dict[str, Any] = {name.lower(): value for name, value in here.items()}
        admin = self.site.database_url(postgres.SUPERUSER, "postgres", self.passwords["postgres"])
        values |= {"kafka_topic": TOPIC, "database_admin_url": SecretStr(admin)}
        values |= {f"{role}_password": SecretStr(self.passwords[role]) for role in _ROLES}
        return PipelineSettings(**values)

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that uses the servers, Spark's own included."""
        return {
            **shell.inherited_environment(),
            **environment.variables(self.site, self.passwords, os.environ.get("PATH", "")),
            "PIPELINE_STACK_FOLDER": str(self.state.root),
            "SPARK_HOME": str(self.site.spark_home),
            "SPARK_CONF_DIR": str(self.state.spark / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.state.spark / "local"),
            "JAVA_HOME": str(self.site.java.parent.parent),
            "PYTHONPATH": str(self.site.repository),
            "PYSPARK_PYTHON": str(self.site.python),
        }

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's brokers."""
        return self.site.bootstrap_servers

    @property
    def database_url(self) -> str:
        """The address of the tables, for their owner."""
        return self.site.database_url("pipeline", postgres.DATABASE, self.passwords["pipeline"])

    @contextmanager
    def database(self) -> Iterator[psycopg2.extensions.cursor]:
        """Open a connection of the tables' owner for one transaction."""
        with closing(psycopg2.connect(self.database_url)) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def one(self, query: str, **values: object) -> Any:  # noqa: ANN401 - whatever type the column has
        """Return the single value of a query."""
        with self.database() as cursor:
            cursor.execute(query, values or None)
            [[value]] = cursor.fetchall()
            return value

    def as_superuser(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as PostgreSQL's superuser, outside of a transaction."""
        url = self.site.database_url(postgres.SUPERUSER, database, self.passwords["postgres"])
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def empty_tables(self) -> None:
        """Delete all rows, so that each run begins with the same tables and the same write-ahead log."""
        with self.database() as cursor:
            cursor.execute(_EMPTY)
        self.settle()

    def settle(self) -> None:
        """Write everything to disk, so that a run does not pay for the one before."""
        self.as_superuser("CHECKPOINT")

    def new_topic(self, partitions: int, name: str = TOPIC) -> None:
        """Delete the topic and make it anew.

        Raises:
            TimeoutError: Kafka does not do it within a minute.
        """
        # Kept by name: its requests die with it.
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        if name in admin.list_topics(timeout=_PATIENCE_SECONDS).topics:
            admin.delete_topics([name])[name].result(timeout=_PATIENCE_SECONDS)
        wait_until(lambda: name not in admin.list_topics(timeout=_PATIENCE_SECONDS).topics, f"{name} is deleted")
        topic = Topic(self.bootstrap_servers, name)

        def made() -> bool:
            try:
                topic.provision(TopicShape(partitions, _REPLICAS, _RETENTION_HOURS))
                return len(topic.describe().partitions) == partitions
            except Exception as error:  # refused until its deletion is over everywhere
                if isinstance(error.__cause__, KafkaException):
                    return False
                raise

        wait_until(made, f"{name} is there")

    def delete_topic(self, name: str) -> None:
        """Delete a topic, and what it holds on disk."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        if name in admin.list_topics(timeout=_PATIENCE_SECONDS).topics:
            admin.delete_topics([name])[name].result(timeout=_PATIENCE_SECONDS)


def wait_until(condition: Any, what: str, seconds: float = _PATIENCE_SECONDS) -> None:  # noqa: ANN401
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not in {seconds:.0f} s: {what}.")
        time.sleep(0.1)
