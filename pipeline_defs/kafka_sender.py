"""Sends records to a topic and waits until every one is acknowledged by all replicas in sync, within a time limit."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline_defs.kafka_topic import Topic, TopicError, reason
from pipeline_defs.producer_keys import DELIVERY_SECONDS

# Connecting belongs to the last seconds before a slot; brokers that take longer must not make the tick late.
_CONNECT_SECONDS = 3.0


class DeliveryError(TopicError):
    """Some records were not acknowledged.

    Attributes:
        acknowledged: what was, so that nobody needs to guess.
    """

    def __init__(self, message: str, acknowledged: "Sequence[Delivery]") -> None:
        super().__init__(message)
        self.acknowledged = acknowledged


@dataclass(frozen=True)
class Record:
    """What is sent: a key, a value and the headers."""

    key: str
    value: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Delivery:
    """Where a record landed."""

    key: str
    partition: int
    offset: int


@dataclass
class Sender:
    """A connected producer of one topic.

    Attributes:
        producer: Kafka's client.
        topic: where records go.
        block_seconds: how long connecting, and waiting for room among the records to be sent, may take.
    """

    producer: Producer
    topic: str
    block_seconds: float
    _delivered: list[Delivery] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)

    def connect(self) -> None:
        """Make the first connection and learn the partitions now, so that sending later is quick."""
        try:
            self.producer.list_topics(self.topic, timeout=min(self.block_seconds, _CONNECT_SECONDS))
        except KafkaException:
            # The brokers may be back when it counts; sending says what is wrong if they are not.
            return

    def send(self, records: Sequence[Record]) -> list[Delivery]:
        """Send records and wait until every one is acknowledged by all replicas in sync.

        Raises:
            DeliveryError: at least one was not, within 12 s.
        """
        deadline = time.monotonic() + DELIVERY_SECONDS
        try:
            for record in records:
                self._enqueue(record, min(deadline, time.monotonic() + self.block_seconds))
            waiting = self.producer.flush(max(0.0, deadline - time.monotonic()) + 2)
        except (KafkaException, BufferError) as error:
            raise self._failure(len(records), reason(error)) from error
        if waiting or self._refused:
            raise self._failure(len(records), self._refused[0] if self._refused else "no acknowledgement in time")
        return list(self._delivered)

    def _enqueue(self, record: Record, deadline: float) -> None:
        """Hand a record to Kafka's client as soon as it has room.

        Raises:
            BufferError: it has none until the deadline.
        """
        headers: dict[str, str | bytes | None] = {**record.headers}
        while True:
            try:
                self.producer.produce(self.topic, record.value, record.key, headers=headers, on_delivery=self._note)
            except BufferError:
                if time.monotonic() >= deadline:
                    raise
                # Room comes as records are acknowledged.
                self.producer.poll(0.1)
            else:
                return

    def _note(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refused.append(error.str())
            return
        key, partition, offset = message.key(), message.partition(), message.offset()
        if isinstance(key, bytes) and partition is not None and offset is not None:
            self._delivered.append(Delivery(key.decode(), partition, offset))

    def _failure(self, count: int, reason: str) -> DeliveryError:
        acknowledged = list(self._delivered)
        return DeliveryError(
            f"Kafka topic {self.topic} acknowledged {len(acknowledged)} of {count} records: {reason}. "
            "See that all brokers run and that enough replicas are in sync (check topic_healthy).",
            acknowledged,
        )


@contextmanager
def sender(topic: Topic) -> Iterator[Sender]:
    """Give a sender that has made its first connection, if the cluster answers in time."""
    producer = Producer({**topic.producer.properties, "bootstrap.servers": topic.bootstrap_servers})
    ready = Sender(producer, topic.name, topic.producer.block_seconds)
    try:
        ready.connect()
        yield ready
    finally:
        producer.purge()
        producer.flush(1.0)
