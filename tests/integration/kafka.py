"""A producer and a consumer that know nothing of the pipeline's own code."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

_SECONDS = 60.0


@dataclass(frozen=True)
class Record:
    """What stands in Kafka, with its coordinates."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


def produce(bootstrap_servers: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    """Send keys and values, and wait until every broker in sync has them."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all", "enable.idempotence": True})
    refused: list[str] = []

    def note(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error.str())

    for key, value in records:
        producer.produce(topic, key=key, value=value, on_delivery=note)
        producer.poll(0)
    assert producer.flush(_SECONDS) == 0
    assert not refused


def consume(bootstrap_servers: str, topic: str) -> Iterator[Record]:
    """Give every record that stands in the topic now, partition by partition."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": "an-independent-reader", "enable.auto.commit": False}
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
                assert message.error() is None, message.error()
                yield _record(message)
                if (message.offset() or 0) >= end - 1:
                    break
    finally:
        consumer.close()


def _record(message: Message) -> Record:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = {name: _bytes(value) or b"" for name, value in message.headers() or []}
    return Record(partition, offset, _bytes(message.key()), _bytes(message.value()), headers)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
