"""The Kafka cluster: brokers, controllers and who leads them, and partitions that lack replicas or a leader."""

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_quorum import Quorum, QuorumError, describe_quorum
from pipeline_defs.kafka_topic import reason

_ASK_SECONDS = 5.0


class KafkaClusterError(PipelineError):
    """No broker answers."""


@dataclass(frozen=True)
class KafkaState:
    """The cluster at one moment.

    Attributes:
        brokers: the ids of those that are alive.
        quorum: the controllers; None where no broker could tell.
        partitions: how many there are, Kafka's own topics with them.
        under_replicated: those with fewer replicas in sync than they have, as `topic-number`.
        offline: those without a leader.
    """

    brokers: tuple[int, ...]
    quorum: Quorum | None
    partitions: int
    under_replicated: tuple[str, ...]
    offline: tuple[str, ...]


class KafkaCluster:
    """One cluster. Making one does no network."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers

    def describe(self) -> KafkaState:
        """Ask for everything.

        Raises:
            KafkaClusterError: no broker answers in time.
        """
        client = AdminClient(
            {"bootstrap.servers": self.bootstrap_servers, "client.id": "pipeline_defs", "log_level": 4}
        )
        try:
            found = client.list_topics(timeout=_ASK_SECONDS)
        except KafkaException as error:
            raise KafkaClusterError(
                f"Kafka at {self.bootstrap_servers} doesn't answer: {reason(error)}. See that the brokers run and that "
                "KAFKA_BOOTSTRAP_SERVERS names them."
            ) from error
        partitions = [
            (f"{topic.topic}-{partition.id}", partition)
            for topic in found.topics.values()
            for partition in topic.partitions.values()
        ]
        return KafkaState(
            brokers=tuple(sorted(found.brokers)),
            quorum=_quorum((str(broker.host), broker.port) for broker in found.brokers.values()),
            partitions=len(partitions),
            under_replicated=tuple(sorted(n for n, each in partitions if len(each.isrs) < len(each.replicas))),
            offline=tuple(sorted(n for n, each in partitions if each.leader < 0)),
        )


def _quorum(brokers: Iterable[tuple[str, int]]) -> Quorum | None:
    for host, port in brokers:
        try:
            return describe_quorum(host, port)
        except QuorumError:
            continue
    return None
