"""Contender 3: Kafka Connect with Debezium's JDBC sink, on a flat topic with a schema of the same people."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from bench import jars, load, people
from bench.contenders.contender import process
from bench.load import Backlog
from bench.servers import Servers
from contract.person import PERSON
from contract.rejection import Rejection
from stack.kafka import render
from stack.postgres import DATABASE

_TOPIC = "people-flat"
_INTEGERS = {"street_number", "age"}
# The names by which Kafka Connect and Debezium know these types.
_NAMED_TYPES = {
    "uuid": {"type": "string", "name": "io.debezium.data.Uuid"},
    "dob_date": {"type": "int64", "name": "org.apache.kafka.connect.data.Timestamp"},
}
_RECORDS_PER_POLL = 5000


class Connect:
    """A standalone worker with three tasks."""

    number = "3"
    name = "connect"
    label = "Kafka Connect, Debezium's JDBC sink"

    def __init__(self) -> None:
        self._in_topic: tuple[object, ...] | None = None

    def prepare(self, servers: Servers, backlog: Backlog) -> None:
        """Fetch its jars, and write the flat topic."""
        jars.provide(servers.site)
        if self._in_topic != backlog.topic:
            servers.new_topic(backlog.partitions, _TOPIC)
            load.send_all(servers.bootstrap_servers, _TOPIC, _flat(backlog), backlog.codec)
            self._in_topic = backlog.topic

    @contextmanager
    def running(self, servers: Servers) -> Iterator[None]:
        """Run the worker with its connector."""
        folder = servers.state.root / "bench" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        worker = folder / "worker.properties"
        worker.write_text(render(_worker(servers, folder)), encoding="utf-8")
        connector = folder / "connector.properties"
        connector.touch(mode=0o600)
        connector.write_text(render(_connector(servers)), encoding="utf-8")
        log = Path(__file__).with_name("connect_log4j2.properties")
        command = [str(servers.site.java), "-Xms256m", "-Xmx1g", f"-Dlog4j2.configurationFile={log}"]
        command += ["-cp", f"{jars.folders(servers.site)['connect']}/*"]
        command += ["org.apache.kafka.connect.cli.ConnectStandalone", str(worker), str(connector)]
        with process(command, servers.environment(), folder / "log"):
            yield


def _flat(backlog: Backlog) -> Iterator[tuple[str, bytes]]:
    for uuid, value, good in people.records(backlog.records, backlog.mixture):
        row = PERSON.parse(value)
        if good and not isinstance(row, Rejection):
            flat = dict(zip(PERSON.columns, row, strict=True))
            born = datetime.fromisoformat(str(flat["dob_date"])).replace(tzinfo=UTC)
            flat["dob_date"] = int(born.timestamp() * 1000)
            yield uuid, json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode()


def _schema() -> str:
    fields = []
    for column in PERSON.columns:
        kind = _NAMED_TYPES.get(column, {"type": "int32" if column in _INTEGERS else "string"})
        fields.append({"field": column, "optional": True, **kind})
    return json.dumps({"type": "struct", "name": "person", "optional": False, "fields": fields})


def _worker(servers: Servers, folder: Path) -> dict[str, str]:
    return {
        "bootstrap.servers": servers.bootstrap_servers,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        # Given once, and not in each record: smaller input.
        "value.converter.schema.content": _schema(),
        "offset.storage.file.filename": str(folder / "offsets"),
        "plugin.discovery": "only_scan",
        "listeners": "http://127.0.0.1:0",
        "consumer.auto.offset.reset": "earliest",
        "consumer.max.poll.records": str(_RECORDS_PER_POLL),
        "consumer.max.partition.fetch.bytes": "10485760",
    }


def _connector(servers: Servers) -> dict[str, str]:
    address = f"jdbc:postgresql://127.0.0.1:{servers.site.port('postgres')}/{DATABASE}"
    return {
        # The name is its consumer group's: a new one begins at the beginning.
        "name": f"people-{uuid4()}",
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "topics": _TOPIC,
        "tasks.max": "3",
        "connection.url": f"{address}?reWriteBatchedInserts=true",
        "connection.username": "pipeline",
        "connection.password": servers.passwords["pipeline"],
        "insert.mode": "insert",
        "primary.key.mode": "none",
        "schema.evolution": "none",
        "collection.name.format": PERSON.table,
        "batch.size": str(_RECORDS_PER_POLL),
    }
