"""Records → Kafka: a backlog as fast as it goes, or a steady stream whose acknowledgements are timed."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import KafkaError, Message, Producer

from bench import people
from bench.people import Mixture

_FLUSH_SECONDS = 300.0
_ERRORS = 3  # as syslog numbers them: a broker that is not ready yet is asked again
_LONGEST_POLL_SECONDS = 0.02


class LoadError(Exception):
    """Kafka did not take a record."""


@dataclass(frozen=True)
class Backlog:
    """What stands in the topic before a run begins, and the table's rows from before."""

    records: int
    codec: str = "zstd"
    partitions: int = 3
    poison: float = 0.0
    duplicates: float = 0.0
    rows_before: int = 0

    @property
    def mixture(self) -> Mixture:
        """What stands among the good people."""
        return Mixture(self.poison, self.duplicates)

    @property
    def topic(self) -> tuple[object, ...]:
        """What must be equal for a topic to serve this backlog."""
        return self.records, self.codec, self.partitions, self.mixture


@dataclass(frozen=True)
class Rate:
    """So many records at once, so many times, with pauses between."""

    burst: int
    pause_seconds: float
    bursts: int
    codec: str = "zstd"

    @property
    def per_second(self) -> float:
        """Records in a second."""
        return self.burst / self.pause_seconds


def send_backlog(bootstrap_servers: str, topic: str, backlog: Backlog) -> int:
    """Send a backlog, and return how many of its records become rows.

    Raises:
        LoadError: Kafka did not take a record.
    """
    rows = 0

    def pairs() -> Iterator[tuple[str, bytes]]:
        nonlocal rows
        for uuid, value, good in people.records(backlog.records, backlog.mixture):
            rows += good
            yield uuid, value

    send_all(bootstrap_servers, topic, pairs(), backlog.codec)
    return rows


def send_all(bootstrap_servers: str, topic: str, records: Iterable[tuple[str, bytes]], codec: str) -> None:
    """Send keys and values, and wait until every broker in sync has them.

    Raises:
        LoadError: Kafka did not take a record.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": codec,
            "linger.ms": 20,
            "log_level": _ERRORS,
        }
    )
    refused: list[str] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error.str())

    for key, value in records:
        while True:
            try:
                producer.produce(topic, key=key, value=value, on_delivery=note)
                break
            except BufferError:  # its queue is full until some are delivered
                producer.poll(0.05)
        producer.poll(0)
    if producer.flush(_FLUSH_SECONDS) or refused:
        raise LoadError(f"Kafka did not take every record of {topic}: {refused[:1]}")


@dataclass
class Steady:
    """Records sent at a rate, and when each was acknowledged by all brokers in sync, in seconds of the epoch."""

    bootstrap_servers: str
    topic: str
    rate: Rate
    first: int  # number of the first person
    acknowledged: dict[str, float] = field(default_factory=dict)
    late_seconds: float = 0.0  # the most that a burst was sent after its time
    over: threading.Event = field(default_factory=threading.Event)  # set by who wants no more of it

    def send(self) -> None:
        """Send all of it, and wait for the last acknowledgement.

        Raises:
            LoadError: Kafka did not take a record.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": self.rate.codec,
                "linger.ms": 0,
                "log_level": _ERRORS,
            }
        )
        records = people.records(self.rate.burst * self.rate.bursts, Mixture(), self.first)
        began = time.monotonic()
        for number in range(self.rate.bursts):
            if self.over.is_set():
                break
            due = began + number * self.rate.pause_seconds
            while (left := due - time.monotonic()) > 0:
                producer.poll(min(left, _LONGEST_POLL_SECONDS))
            self.late_seconds = max(self.late_seconds, -left)
            for _ in range(self.rate.burst):
                uuid, value, _good = next(records)
                producer.produce(self.topic, key=uuid, value=value, on_delivery=partial(self._note, uuid))
            producer.poll(0)
        # Polled, and not flushed at once: a callback's time is that of its acknowledgement.
        deadline = time.monotonic() + _FLUSH_SECONDS
        while len(producer) and time.monotonic() < deadline:
            producer.poll(_LONGEST_POLL_SECONDS)
        if len(producer):
            raise LoadError(f"Kafka did not take {len(producer)} records of {self.rate}.")

    def _note(self, uuid: str, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.acknowledged[uuid] = time.time()
