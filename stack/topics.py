"""`pipeline topics`: the topic's partitions as Kafka describes them, beside what the ledger says of each."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline_defs import ledger
from pipeline_defs.kafka_logging import SILENT
from pipeline_defs.kafka_topic import Partition, Topic
from pipeline_defs.settings import read_settings
from stack import passwords, site, tables
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor


@dataclass(frozen=True)
class PartitionStatus:
    """One partition: where Kafka has it, how far it goes, and how far the stream has come."""

    kafka: Partition
    end_offset: int
    next_offset: int | None  # of the ledger; None before the stream's first batch of it
    lag: int


@dataclass(frozen=True)
class TopicStatus:
    """The pipeline's topic."""

    name: str
    topic_id: str
    partitions: tuple[PartitionStatus, ...]


def read(settings: Settings) -> TopicStatus:
    """Ask Kafka and the ledger.

    Raises:
        NotRunningError: the stack doesn't run.
        TopicError: Kafka doesn't answer, or has no such topic.
        StackError: PostgreSQL doesn't answer.
    """
    name = read_settings().kafka_topic
    state = State(settings.state)
    Supervisor(state).must_answer()
    here = site.locate(settings)
    topic = Topic(here.bootstrap_servers, name, logger=SILENT)
    described, ends = topic.describe(), topic.end_offsets()
    rows = tables.rows(here, passwords.load(state.passwords)["pipeline"], "ledger_read", topic=name)
    lag, reached = ledger.lag(rows, described.topic_id, ends), ledger.next_offsets(rows, described.topic_id)
    return TopicStatus(
        name,
        described.topic_id,
        tuple(
            PartitionStatus(each, ends[each.number], reached.get(each.number), lag[each.number])
            for each in described.partitions
        ),
    )


def as_json(topic: TopicStatus) -> dict[str, Any]:
    """Give the topic as JSON knows it."""
    partitions = [
        asdict(each.kafka) | {"end_offset": each.end_offset, "next_offset": each.next_offset, "lag": each.lag}
        for each in topic.partitions
    ]
    return {"topic": topic.name, "topic_id": topic.topic_id, "partitions": partitions}


def show(topic: TopicStatus, console: Console) -> None:
    """Print the topic for people."""
    table = Table(box=None, pad_edge=False)
    for heading in ("partition", "leader", "replicas", "in sync", "end offset", "ledger's next", "lag"):
        table.add_column(heading, justify="left" if heading in ("replicas", "in sync") else "right")
    for each in topic.partitions:
        kafka = each.kafka
        in_sync = " ".join(map(str, sorted(kafka.in_sync)))
        table.add_row(
            str(kafka.number),
            "none" if kafka.leader is None else str(kafka.leader),
            " ".join(map(str, sorted(kafka.replicas))),
            in_sync if len(kafka.in_sync) == len(kafka.replicas) else f"[bold red]{in_sync}[/]",
            str(each.end_offset),
            "-" if each.next_offset is None else str(each.next_offset),
            str(each.lag),
        )
    console.print(f"Topic {topic.name}, id {topic.topic_id}", highlight=False)
    console.print(table)
