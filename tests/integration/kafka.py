"""A producer and a consumer that know nothing of the pipeline's own code."""

# confluent_kafka.admin documents its classes under this name, but doesn't mark them as exported.
# pyright: reportPrivateImportUsage=false

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, repeat
from typing import TypeVar
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from tests.waiting import until

_SECONDS = 60.0
_DELIVERY_SECONDS = 600.0  # brokers may be away for a while
Answer = TypeVar("Answer")
Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True)
class Record:
    """What stands in Kafka, with its coordinates."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


def produce(
    bootstrap_servers: str,
    topic: str,
    records: Iterable[tuple[bytes | None, bytes | None]],
    headers: Iterable[Headers] = (),
    compression: str = "lz4",
) -> list[tuple[int, int]]:
    """Send keys and values, wait until every broker in sync has them, and give partition and offset of each.

    Args:
        bootstrap_servers: the brokers.
        topic: where to.
        records: key and value of each.
        headers: of the first records, in the same order; those that come after have none.
        compression: of the batches.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": compression,
            # Before compression: what inflates is small for the brokers.
            "message.max.bytes": 500_000_000,
        }
    )
    refused: list[str] = []
    places: dict[int, tuple[int, int]] = {}

    def note(number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            refused.append(error.str())
        else:
            places[number] = message.partition() or 0, message.offset() or 0

    for number, ((key, value), given) in enumerate(zip(records, chain(headers, repeat([])), strict=False)):
        while True:
            try:
                producer.produce(topic, key=key, value=value, headers=given, on_delivery=partial(note, number))
                break
            except BufferError:  # the queue is full until some are delivered
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(_DELIVERY_SECONDS) == 0
    assert not refused, refused[:3]
    return [places[number] for number in sorted(places)]


def produce_in_transaction(
    bootstrap_servers: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]
) -> set[int]:
    """Send keys and values in one transaction, commit it, and give the partitions: each gets a marker at its end."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": f"tests-{uuid4()}"})
    partitions: set[int] = set()
    producer.init_transactions(_SECONDS)
    producer.begin_transaction()
    for key, value in records:
        producer.produce(topic, key=key, value=value, on_delivery=lambda _, told: partitions.add(told.partition() or 0))
    producer.commit_transaction(_SECONDS)
    return partitions


def refusal(bootstrap_servers: str, topic: str, value: bytes, timestamp: int) -> str:
    """Give the brokers' word on a record with a timestamp, in milliseconds of the epoch; nothing where they take it."""
    told: list[str] = []
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    producer.produce(
        topic, value=value, timestamp=timestamp, on_delivery=lambda error, _: told.append(error.name() if error else "")
    )
    assert producer.flush(_SECONDS) == 0
    return told[0]


def delete_records(bootstrap_servers: str, topic: str, ends: Mapping[int, int]) -> None:
    """Delete what stands before these offsets, by partition, as retention does."""
    asked = _admin(bootstrap_servers).delete_records(
        [TopicPartition(topic, partition, end) for partition, end in ends.items()], request_timeout=_SECONDS
    )
    for each in asked.values():
        each.result(timeout=_SECONDS)


def consume(bootstrap_servers: str, topic: str) -> Iterator[Record]:
    """Give every record that stands in the topic now, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "an-independent-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,  # the last offset may be a transaction's marker, which is no record
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions
        for partition in sorted(partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_SECONDS)
            if first == end:
                continue
            consumer.assign([TopicPartition(topic, partition, first)])
            while True:
                message = consumer.poll(_SECONDS)
                assert message is not None, f"{topic}/{partition}: no record in {_SECONDS:.0f} s"
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    break
                assert error is None, error
                yield _record(message)
                if (message.offset() or 0) >= end - 1:
                    break
    finally:
        consumer.close()


def topic_id(bootstrap_servers: str, topic: str) -> str:
    """Give Kafka's id of a topic: one that is created again has another. Brokers that die meanwhile are asked again."""

    def ask() -> str:
        asked = _admin(bootstrap_servers).describe_topics(TopicCollection([topic]), request_timeout=_SECONDS)
        return str(asked[topic].result(timeout=_SECONDS).topic_id)

    return until(lambda: _unless_refused(ask), f"the id of topic {topic}")


def partitions(bootstrap_servers: str, topic: str) -> int:
    """Give how many partitions a topic has."""
    return len(_admin(bootstrap_servers).list_topics(topic, timeout=_SECONDS).topics[topic].partitions)


def delete_topic(bootstrap_servers: str, topic: str) -> None:
    """Delete a topic, and wait until it is gone."""
    admin = _admin(bootstrap_servers)
    admin.delete_topics([topic])[topic].result(timeout=_SECONDS)
    until(lambda: topic not in admin.list_topics(timeout=_SECONDS).topics, f"topic {topic} gone")


def create_topic(bootstrap_servers: str, topic: str) -> None:
    """Create a topic as the seed's README does: 3 partitions, 3 replicas. Wait until the brokers know it."""
    new = NewTopic(topic, num_partitions=3, replication_factor=3)

    def create() -> bool:
        _admin(bootstrap_servers).create_topics([new])[topic].result(timeout=_SECONDS)
        return True

    until(lambda: _unless_refused(create), f"topic {topic} created")  # refused until its deletion is over everywhere
    topic_id(bootstrap_servers, topic)


def add_partitions(bootstrap_servers: str, topic: str, total: int) -> None:
    """Give a topic more partitions."""
    new = NewPartitions(topic, total)
    _admin(bootstrap_servers).create_partitions([new])[topic].result(timeout=_SECONDS)
    until(lambda: partitions(bootstrap_servers, topic) == total, f"{total} partitions")


def _unless_refused(question: Callable[[], Answer]) -> Answer | None:
    try:
        return question()
    except KafkaException:
        return None


@cache  # a client that is not kept ends before its answer comes
def _admin(bootstrap_servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap_servers})


def _record(message: Message) -> Record:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = {name: _bytes(value) or b"" for name, value in message.headers() or []}
    return Record(partition, offset, _bytes(message.key()), _bytes(message.value()), headers)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
