"""Sends records to a topic and waits until every one is acknowledged by all replicas in sync, within a time limit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline_defs.kafka_topic import Topic, TopicError, reason

_DELIVERY_SECONDS = 12.0

PRODUCER_CONFIGURATION: Mapping[str, str | int | bool] = {
    "client.id": "random_user_topic",
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "gzip",
    "linger.ms": 5,
    "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
    # As Kafka's own Java client does it: the same key in the same partition, whoever sends it.
    "partitioner": "murmur2_random",
}


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
    """A connected producer of one topic."""

    producer: Producer
    topic: str
    _delivered: list[Delivery] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)

    def connect(self) -> None:
        """Make the first connection and learn the partitions now, so that sending later is quick."""
        try:
            self.producer.list_topics(self.topic, timeout=3.0)
        except KafkaException:
            # The brokers may be back when it counts; sending says what is wrong if they are not.
            return

    def send(self, records: Sequence[Record]) -> list[Delivery]:
        """Send records and wait until every one is acknowledged by all replicas in sync.

        Raises:
            DeliveryError: at least one was not, within 12 s.
        """
        try:
            for record in records:
                headers: dict[str, str | bytes | None] = {**record.headers}
                self.producer.produce(self.topic, record.value, record.key, headers=headers, on_delivery=self._note)
            waiting = self.producer.flush(_DELIVERY_SECONDS + 2)
        except (KafkaException, BufferError) as error:
            raise self._failure(len(records), reason(error)) from error
        if waiting or self._refused:
            raise self._failure(len(records), self._refused[0] if self._refused else "no acknowledgement in time")
        return list(self._delivered)

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
    producer = Producer({"bootstrap.servers": topic.bootstrap_servers, **PRODUCER_CONFIGURATION})
    ready = Sender(producer, topic.name)
    try:
        ready.connect()
        yield ready
    finally:
        producer.purge()
        producer.flush(1.0)
