"""What Kafka says of the topic: its id, its partitions, and the first and next offset of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    OffsetSpec,  # pyright: ignore[reportPrivateImportUsage] - documented, but missing from the package's __all__
)

from contract.retry import retry

_SECONDS = 10


class TopicError(Exception):
    """Kafka can't be asked, or has no such topic. The text says what to do."""


@dataclass(frozen=True)
class Topic:
    """A topic as Kafka holds it now. `low` and `high` are the first offset and the one after the last, by partition."""

    name: str
    topic_id: str
    low: Mapping[int, int]
    high: Mapping[int, int]


def look(bootstrap_servers: str, name: str, patience_seconds: float) -> Topic:
    """Ask Kafka for the topic as it is now, and again for so long as it can't be asked.

    Raises:
        TopicError: no broker answers within 10 s, or there is no such topic, still.
    """
    return retry(lambda: _look(bootstrap_servers, name), patience_seconds, TopicError)


def _look(bootstrap_servers: str, name: str) -> Topic:
    topic_id, partitions = _describe(bootstrap_servers, name)
    low = _offsets(bootstrap_servers, name, partitions, OffsetSpec.earliest())
    high = _offsets(bootstrap_servers, name, partitions, OffsetSpec.latest())
    return Topic(name, topic_id, low, high)


def topic_id(bootstrap_servers: str, name: str) -> str:
    """Give Kafka's id of the topic: a topic deleted and created again has another one.

    Raises:
        TopicError: no broker answers within 10 s, or there is no such topic.
    """
    return _describe(bootstrap_servers, name)[0]


@cache
def _client(bootstrap_servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap_servers, "socket.timeout.ms": _SECONDS * 1000, "log_level": 3})


def _describe(bootstrap_servers: str, name: str) -> tuple[str, list[int]]:
    asked = _client(bootstrap_servers).describe_topics(TopicCollection([name]), request_timeout=_SECONDS)
    try:
        found = asked[name].result(timeout=_SECONDS + 1)
    except (KafkaException, TimeoutError) as error:
        raise TopicError(f"Kafka at {bootstrap_servers} does not show topic {name}: {error}.") from None
    return str(found.topic_id), [partition.id for partition in found.partitions]


def _offsets(bootstrap_servers: str, name: str, partitions: list[int], which: OffsetSpec | None) -> dict[int, int]:
    # The annotations of confluent-kafka say that a specification may be None; it never is.
    question = {TopicPartition(name, partition): which for partition in partitions if which is not None}
    asked = _client(bootstrap_servers).list_offsets(
        question, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_SECONDS
    )
    try:
        return {where.partition: answer.result(timeout=_SECONDS + 1).offset for where, answer in asked.items()}
    except (KafkaException, TimeoutError) as error:
        raise TopicError(f"Kafka at {bootstrap_servers} gives no offsets of topic {name}: {error}.") from None
