"""Records read by librdkafka instead of Spark: what a rejected one came with, and those that end Spark's tasks."""

import time
from collections.abc import Collection, Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from spark.topic import TopicError

Origin = tuple[bytes | None, list[tuple[str, bytes | None]]]  # key and headers

_SECONDS_WITHOUT_A_RECORD = 30.0
# The most that a broker's answer, or a batch of it that inflates, may take.
_LARGEST_ANSWER = 1_000_000_000


def read_origins(bootstrap_servers: str, topic: str, partition: int, offsets: Collection[int]) -> dict[int, Origin]:
    """Return key and headers by offset, of those records that Kafka still has.

    Raises:
        TopicError: Kafka can't be read.
    """
    wanted = set(offsets)
    messages = read_messages(bootstrap_servers, topic, partition, min(wanted), max(wanted) + 1)
    return {
        offset: origin_of(message)
        for message in messages
        if (offset := message.offset()) is not None and offset in wanted
    }


def read_messages(
    bootstrap_servers: str, topic: str, partition: int, start_offset: int, end_offset: int
) -> Iterator[Message]:
    """Return the committed records of a range, its end excluded, in the order of their offsets.

    Raises:
        TopicError: Kafka can't be read, or gives nothing for 30 s.
    """
    configuration = {
        "bootstrap.servers": bootstrap_servers,
        # Wanted by the client; partitions are assigned, so no group is ever joined, and nothing is committed.
        "group.id": "users_stream",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "receive.message.max.bytes": _LARGEST_ANSWER,
        "fetch.queue.backoff.ms": 10,
        "log_level": 2,
    }
    try:
        with closing(Consumer(configuration)) as consumer:
            consumer.assign([TopicPartition(topic, partition, start_offset)])
            yield from _poll(consumer, topic, end_offset)
    except KafkaException as error:
        raise TopicError(f"Kafka topic {topic} at {bootstrap_servers} can't be read: {error}.") from error


def _poll(consumer: Consumer, topic: str, end_offset: int) -> Iterator[Message]:
    deadline = time.monotonic() + _SECONDS_WITHOUT_A_RECORD
    while time.monotonic() < deadline:
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return
            if not error.retriable():
                raise TopicError(f"Kafka topic {topic} can't be read: {error}.")
            continue
        offset = message.offset() or 0
        if offset < end_offset:
            yield message
        if offset >= end_offset - 1:
            return
        deadline = time.monotonic() + _SECONDS_WITHOUT_A_RECORD
    raise TopicError(f"Kafka topic {topic} gave no record for {_SECONDS_WITHOUT_A_RECORD:.0f} s.")


def origin_of(message: Message) -> Origin:
    """Return a message's key and headers."""
    return as_bytes(message.key()), [(name, as_bytes(value)) for name, value in message.headers() or []]


def as_bytes(value: str | bytes | None) -> bytes | None:
    """Return a key or a value as bytes, which it is: the client's annotations say that it may be text."""
    return value.encode() if isinstance(value, str) else value
