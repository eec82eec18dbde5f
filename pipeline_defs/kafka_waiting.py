"""How long the oldest record that waits has waited: by Kafka's timestamp of it, read from the brokers."""

import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaException, TopicPartition

_SECONDS = 4.0


def oldest_waiting(bootstrap_servers: str, topic: str, positions: Mapping[int, int]) -> datetime | None:
    """Give the oldest timestamp among the records at these offsets, by partition; None where none came in time.

    Nothing is committed: there is no consumer group but in name.
    """
    if not positions:
        return None
    configuration = {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "pipeline_defs",
        "group.id": "pipeline_defs",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # What retention has removed waits no more.
        "auto.offset.reset": "earliest",
        "log_level": 4,
    }
    left, oldest = set(positions), None
    deadline = time.monotonic() + _SECONDS
    with closing(Consumer(configuration)) as consumer:
        try:
            consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in positions.items()])
            while left and time.monotonic() < deadline:
                message = consumer.poll(0.2)
                if message is None or message.error():
                    continue
                left.discard(message.partition() or 0)
                kind, milliseconds = message.timestamp()
                if kind != TIMESTAMP_NOT_AVAILABLE:
                    oldest = min(oldest or milliseconds, milliseconds)
        except KafkaException:
            return None
    return datetime.fromtimestamp(oldest / 1000, UTC) if oldest is not None else None
