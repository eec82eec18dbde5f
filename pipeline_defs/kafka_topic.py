"""The Kafka topic: describe it, read its ends, make it. Every call has a time limit."""

# confluent_kafka.admin documents its classes under this name, but doesn't mark them as exported.
# pyright: reportPrivateImportUsage=false

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
    TopicDescription,
)

from contract.retry import retry
from pipeline_defs.errors import PipelineError
from pipeline_defs.producer_configuration import ProducerConfiguration, configure

_ASK_SECONDS = 5.0
_CREATE_SECONDS = 25.0
_HUNDRED_YEARS = 36525 * 86_400_000  # in milliseconds


class TopicError(PipelineError):
    """Kafka can't be reached, or refused what was asked."""


@dataclass(frozen=True)
class Partition:
    """One partition as the brokers describe it; brokers are named by their ids."""

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class TopicState:
    """A topic as the brokers describe it. `topic_id` is new when a topic is deleted and created again."""

    topic_id: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class TopicShape:
    """How the topic is made.

    Attributes:
        partitions: how many; a topic that has more keeps them.
        replicas: of each partition. One of them may be away while records are still acknowledged.
        retention_hours: how long records are kept.
    """

    partitions: int
    replicas: int
    retention_hours: int

    @property
    def configuration(self) -> dict[str, str]:
        """Kafka's own settings of the topic."""
        return {
            "cleanup.policy": "delete",
            # Brokers refuse records from further into the future than an hour, but none from however long ago. Spark
            # can't hold a time of 290,000 years ago: a record with one would end the stream each time it is read.
            "message.timestamp.before.max.ms": str(_HUNDRED_YEARS),
            "min.insync.replicas": str(max(1, self.replicas - 1)),
            "retention.ms": str(self.retention_hours * 3_600_000),
            # A replica that lacks acknowledged records never leads: a partition without another one waits for it.
            "unclean.leader.election.enable": "false",
        }


@dataclass(frozen=True)
class Provisioned:
    """A topic that is there now: its id, whether it was created just now, and what was done, in words."""

    topic_id: str
    is_new: bool
    text: str


class Topic:
    """One topic of one cluster, and how producers send to it. Making one does no network."""

    def __init__(
        self,
        bootstrap_servers: str,
        name: str,
        producer: ProducerConfiguration | None = None,
        *,
        logger: logging.Logger | None = None,
    ) -> None:
        """Name the topic.

        Args:
            bootstrap_servers: brokers to begin with, as host:port separated by commas.
            name: the topic's.
            producer: how records are sent to it; the defaults where nobody sends.
            logger: what Kafka's client tells of brokers that are away; stderr where it is None.
        """
        self.name = name
        self.bootstrap_servers = bootstrap_servers
        self.producer = producer or configure({}, {})
        self._logger = logger

    def describe(self) -> TopicState:
        """Ask the brokers for the topic's partitions, their replicas, and those in sync.

        Raises:
            TopicError: the cluster doesn't answer, or has no such topic.
        """
        with self._explained("describing it"):
            admin = self._admin()  # kept by name: its requests die with it
            asked = admin.describe_topics(TopicCollection([self.name]), request_timeout=_ASK_SECONDS)
            return _state_of(asked[self.name].result(_ASK_SECONDS + 1))

    def end_offsets(self) -> dict[int, int]:
        """Give the offset after the last record, by partition.

        Raises:
            TopicError: the cluster doesn't answer, or has no such topic.
        """
        numbers = [partition.number for partition in self.describe().partitions]
        with self._explained("reading its end offsets"):
            latest = cast("OffsetSpec", OffsetSpec.latest())  # typed as if it could be None
            wanted = {TopicPartition(self.name, number): latest for number in numbers}
            admin = self._admin()
            asked = admin.list_offsets(wanted, request_timeout=_ASK_SECONDS)
            return {place.partition: found.result(_ASK_SECONDS + 1).offset for place, found in asked.items()}

    def provision(self, shape: TopicShape) -> Provisioned:
        """Create the topic, or give an existing one the partitions and settings of the shape.

        Raises:
            TopicError: the cluster doesn't answer, or refuses.
        """
        admin = self._admin()
        with self._explained("creating it"):
            new = NewTopic(self.name, shape.partitions, shape.replicas, config=shape.configuration)
            created = admin.create_topics([new], operation_timeout=20.0, request_timeout=_CREATE_SECONDS)
            is_new = _succeeds(created[self.name].result, unless=KafkaError.TOPIC_ALREADY_EXISTS)
        if is_new:
            # The broker that is asked may learn of the topic a moment after the one that created it.
            state = retry(self.describe, _CREATE_SECONDS, TopicError)
            text = f"topic {self.name} created with {shape.partitions} partitions, {shape.replicas} replicas each"
        else:
            state = self.describe()
            self._change(admin, len(state.partitions), shape)
            partitions = max(len(state.partitions), shape.partitions)
            text = f"topic {self.name} is there with {partitions} partitions, its settings applied"
        return Provisioned(state.topic_id, is_new, text)

    def _change(self, admin: AdminClient, present: int, shape: TopicShape) -> None:
        with self._explained("changing it"):
            if present < shape.partitions:
                grown = admin.create_partitions(
                    [NewPartitions(self.name, shape.partitions)], request_timeout=_CREATE_SECONDS
                )
                grown[self.name].result(_CREATE_SECONDS + 1)
            entries = [
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in shape.configuration.items()
            ]
            resource = ConfigResource(ResourceType.TOPIC, self.name, incremental_configs=entries)
            admin.incremental_alter_configs([resource], request_timeout=_ASK_SECONDS)[resource].result(_ASK_SECONDS + 1)

    def _admin(self) -> AdminClient:
        configuration = {"bootstrap.servers": self.bootstrap_servers, "client.id": "pipeline_defs", "log_level": 4}
        return AdminClient(configuration, logger=self._logger)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (KafkaException, FutureTimeoutError) as error:
            detail = reason(error)
            raise TopicError(
                f"Kafka topic {self.name} at {self.bootstrap_servers}, {what}: {detail}. See that the brokers run and "
                "that KAFKA_BOOTSTRAP_SERVERS names them; `python -m pipeline_defs.provision` makes the topic."
            ) from error


def _state_of(description: TopicDescription) -> TopicState:
    partitions = (
        Partition(
            number=found.id,
            leader=found.leader.id if found.leader else None,
            replicas=tuple(node.id for node in found.replicas),
            in_sync=tuple(node.id for node in found.isr),
        )
        for found in description.partitions
    )
    return TopicState(str(description.topic_id), tuple(sorted(partitions, key=lambda each: each.number)))


def _succeeds(call: Callable[..., object], unless: int) -> bool:
    try:
        call(30.0)
    except KafkaException as error:
        if error.args[0].code() == unless:
            return False
        raise
    return True


def reason(error: BaseException) -> str:
    """Give what Kafka's client says of an error, without its codes."""
    found = error.args[0] if error.args else None
    return found.str() if isinstance(found, KafkaError) else str(error) or type(error).__name__
