"""Reads records again, to check what became of them: a consumer of no group, bounded in time, records and bytes."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipeline_defs.kafka_topic import TopicError, reason

_SECONDS = 5.0
_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Record:
    """One record as it stands in Kafka."""

    partition: int
    offset: int
    timestamp: datetime
    value: bytes | None


def read(bootstrap_servers: str, topic: str, ranges: Mapping[int, tuple[int, int]]) -> list[Record]:
    """Give the records of some offsets: as many as Kafka still has and gives within 5 s and 8 MiB.

    Args:
        bootstrap_servers: brokers, as host:port separated by commas.
        topic: its name.
        ranges: by partition, the first offset and the one after the last.

    Raises:
        TopicError: Kafka gave not one of them in time.
    """
    settings = {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "pipeline_defs",
        # Wanted by the client; partitions are assigned, so no group is ever joined, and nothing is committed.
        "group.id": "nothing_lost",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": _BYTES // 1024,
        "log_level": 2,
    }
    if not ranges:
        return []
    try:
        with closing(Consumer(settings)) as consumer:
            consumer.assign([TopicPartition(topic, partition, first) for partition, (first, _) in ranges.items()])
            return _within_limits(consumer, topic, ranges)
    except KafkaException as error:
        raise TopicError(f"Kafka topic {topic} at {bootstrap_servers} can't be read: {reason(error)}.") from error


def _within_limits(consumer: Consumer, topic: str, ranges: Mapping[int, tuple[int, int]]) -> list[Record]:
    records: list[Record] = []
    open_partitions, size = set(ranges), 0
    deadline = time.monotonic() + _SECONDS
    while open_partitions and size < _BYTES and (left := deadline - time.monotonic()) > 0:
        message = consumer.poll(min(left, 1.0))
        if message is None:
            continue
        partition, offset = message.partition(), message.offset()
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(-1 if partition is None else partition)
            continue
        if partition is None or offset is None:
            continue
        _, end = ranges[partition]
        if offset >= end - 1:
            open_partitions.discard(partition)
        if offset < end:
            record = _record(message, partition, offset)
            size += len(record.value or b"")
            records.append(record)
    if open_partitions and not records:
        raise TopicError(f"Kafka topic {topic} gave no record within {_SECONDS:.0f} s.")
    return records


def _record(message: Message, partition: int, offset: int) -> Record:
    _, milliseconds = message.timestamp()
    value = message.value()
    return Record(
        partition,
        offset,
        datetime.fromtimestamp(max(0, milliseconds) / 1000, UTC),
        value.encode() if isinstance(value, str) else value,
    )
