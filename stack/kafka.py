"""Kafka in KRaft mode: three controllers and three brokers, their properties, their format, their client programs."""

import base64
import re
import secrets
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack.components import HOST, Component, Probe, Site
from stack.errors import StackError
from stack.state import State, write_private

NUMBERS = (1, 2, 3)

# A broker has the id of its number; a controller's is out of the way of brokers that may be added.
_CONTROLLER_IDS_FROM = 100

# No hyphen in front: Kafka's tools would take the id for an option.
_CLUSTER_ID = re.compile(r"\w[\w-]{21}")

_LOG4J = Path(__file__).with_name("kafka_log4j2.properties")

# Small heaps: a controller needs about 40 MB here, a broker about 90 MB. The first compiler alone starts faster and
# is enough for a controller; brokers move the data and get both.
_JVM = ("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xss512k", "-Djava.awt.headless=true")
_CONTROLLER_JVM = (*_JVM, "-Xms48m", "-Xmx128m", "-XX:MaxDirectMemorySize=32m", "-XX:TieredStopAtLevel=1")
_BROKER_JVM = (*_JVM, "-Xms96m", "-Xmx256m", "-XX:MaxDirectMemorySize=96m")

CLIENT_PROGRAMS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-metadata-quorum.sh": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-configs.sh": "org.apache.kafka.tools.ConfigCommand",
}


def components(site: Site) -> list[Component]:
    """Give the controllers and the brokers."""
    controllers = [
        Component(
            name=f"controller-{number}",
            command=_command(site, f"controller-{number}", _CONTROLLER_JVM),
            probe=Probe.KAFKA_CONTROLLER,
            ports=(site.port(f"controller-{number}"),),
        )
        for number in NUMBERS
    ]
    brokers = [
        Component(
            name=f"broker-{number}",
            command=_command(site, f"broker-{number}", _BROKER_JVM),
            probe=Probe.KAFKA_BROKER,
            ports=(site.port(f"broker-{number}"),),
            needs=tuple(controller.name for controller in controllers),
            stop_seconds=60,  # hands its partitions over and flushes its log
        )
        for number in NUMBERS
    ]
    return [*controllers, *brokers]


def properties(site: Site, name: str) -> dict[str, str]:
    """Give the server properties of `controller-N` or `broker-N`."""
    role, number = name.split("-")
    listener = f"{HOST}:{site.port(name)}"
    common = {
        "process.roles": role,
        "controller.listener.names": "CONTROLLER",
        # Fixed voters in place of a dynamic quorum: their addresses may change between two starts.
        "controller.quorum.voters": ",".join(
            f"{_CONTROLLER_IDS_FROM + voter}@{HOST}:{site.port(f'controller-{voter}')}" for voter in NUMBERS
        ),
        "log.dirs": str(site.state.kafka / name / "data"),
    }
    if role == "controller":
        return common | {"node.id": str(_CONTROLLER_IDS_FROM + int(number)), "listeners": f"CONTROLLER://{listener}"}
    return common | {
        "node.id": number,
        "listeners": f"PLAINTEXT://{listener}",
        "advertised.listeners": f"PLAINTEXT://{listener}",
        "auto.create.topics.enable": "false",
        "default.replication.factor": "3",
        "min.insync.replicas": "2",
        "offsets.topic.replication.factor": "3",
        "offsets.topic.num.partitions": "3",
        "transaction.state.log.replication.factor": "3",
        "transaction.state.log.min.isr": "2",
        "transaction.state.log.num.partitions": "3",
        "share.coordinator.state.topic.replication.factor": "3",
        "share.coordinator.state.topic.min.isr": "2",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        # Its default of 128 MiB would be half of the heap.
        "log.cleaner.dedupe.buffer.size": "16777216",
    }


def render(values: dict[str, str]) -> str:
    """Give the text of a properties file."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def prepare(site: Site) -> None:
    """Write each server's properties, format what isn't formatted yet, and write the client programs.

    Raises:
        StackError: Kafka's tool can't format a folder.
    """
    cluster = _cluster_id(site.state)
    names = server_names()
    for name in names:
        (site.state.kafka / name).mkdir(mode=0o700, exist_ok=True)
        write_private(site.state.kafka / name / "server.properties", render(properties(site, name)))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _format(site, name, cluster), names))
    for program, main_class in CLIENT_PROGRAMS.items():
        command = shlex.join([str(site.java), "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", f"{site.kafka_jars}/*"])
        write_private(site.state.bin / program, f'#!/bin/sh\nexec {command} {main_class} "$@"\n', mode=0o700)


def server_names() -> list[str]:
    """Give the name of each controller and broker."""
    return [f"{role}-{number}" for role in ("controller", "broker") for number in NUMBERS]


def was_formatted(state: State, name: str) -> bool:
    """Tell whether the folder of this server was formatted to its end: by the mark, or because the server ran in it."""
    folder = state.kafka / name
    return (folder / "formatted").exists() or (folder / "data" / "__cluster_metadata-0").exists()


def is_whole(state: State, name: str) -> bool:
    """Tell whether the data folder of this server names the cluster of this stack."""
    cluster = _cluster_in(state.kafka / name / "data" / "meta.properties")
    return cluster is not None and cluster == (_kept_cluster_id(state) or cluster)


def _cluster_id(state: State) -> str:
    """Give the id of this stack's cluster: the kept one, else that of a formatted folder, else a new one."""
    formatted = (_cluster_in(state.kafka / name / "data" / "meta.properties") for name in server_names())
    cluster = _kept_cluster_id(state) or next(filter(None, formatted), None)
    cluster = cluster or new_cluster_id()
    write_private(state.kafka / "cluster_id", cluster)
    return cluster


def new_cluster_id() -> str:
    """Make an id for a cluster, as Kafka makes them: 22 characters, no hyphen in front."""
    while True:
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if _CLUSTER_ID.fullmatch(cluster):
            return cluster


def _kept_cluster_id(state: State) -> str | None:
    try:
        kept = (state.kafka / "cluster_id").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return kept if _CLUSTER_ID.fullmatch(kept) else None


def _cluster_in(meta_properties: Path) -> str | None:
    try:
        text = meta_properties.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.partition("=")[2] for line in text.splitlines() if line.startswith("cluster.id=")), None)


def _format(site: Site, name: str, cluster: str) -> None:
    folder = site.state.kafka / name
    formatted, data = folder / "formatted", folder / "data"
    if was_formatted(site.state, name):
        return
    # Without the mark and without a trace of the server, a format was cut off: there is nothing to lose.
    shutil.rmtree(data, ignore_errors=True)
    command = [str(site.java), "-XX:TieredStopAtLevel=1", "-Xmx96m", "-cp", f"{site.kafka_jars}/*"]
    command += ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(folder / "server.properties")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        raise StackError(
            f"Kafka's format of {data} took more than two minutes. Try again when the machine is less busy."
        ) from None
    if done.returncode != 0:
        raise StackError(f"Kafka could not format {data}: {(done.stdout + done.stderr).strip()[-500:]}")
    formatted.touch(mode=0o600)


def _command(site: Site, name: str, jvm: tuple[str, ...]) -> tuple[str, ...]:
    return (
        str(site.java),
        *jvm,
        f"-Dlog4j2.configurationFile={_LOG4J}",
        "-cp",
        f"{site.kafka_jars}/*",
        "kafka.Kafka",
        str(site.state.kafka / name / "server.properties"),
    )
