"""Records read again by a process of its own, from the brokers that Kafka's client has for tests."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest
from confluent_kafka import Producer

from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.nothing_lost import reader, reading
from pipeline_defs.nothing_lost.reading import Limits, Passage, Person, Stretch

_UUID = "9a723211-0e87-41f1-b1e4-ed1a15226b80"
_PERSON = b'{"login": {"uuid": "%s"}, "email": "a@x.org"}' % _UUID.encode()
_LIMITS = Limits(seconds=60, records=1000, bytes=2**23, fetch_bytes=1)
_SECONDS = 60.0


class Brokers(NamedTuple):
    """They live as long as the producer does."""

    producer: Producer
    topic: Topic

    def send(self, values: Iterable[bytes], partition: int = 0) -> None:
        for value in values:
            self.producer.produce(self.topic.name, value, partition=partition)
        assert self.producer.flush(_SECONDS) == 0


def serve(compression: str) -> Brokers:
    settings: dict[str, str | int] = {"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 2}
    producer = Producer({**settings, "compression.type": compression, "message.max.bytes": 10**9})
    [broker] = producer.list_topics(timeout=_SECONDS).brokers.values()
    return Brokers(producer, Topic(f"{broker.host}:{broker.port}", "random-user"))


@pytest.fixture(scope="module")
def brokers() -> Brokers:
    """Thirty people in one partition, one in another."""
    brokers = serve("none")
    brokers.send([_PERSON] * 30)
    brokers.send([b"<html>"], partition=1)
    return brokers


def offsets(passages: Sequence[Passage]) -> list[list[int]]:
    return [[record.offset for record in passage.records] for passage in passages]


@pytest.mark.parametrize("fetch_bytes", [1, 2**18])
def test_stretches(brokers: Brokers, fetch_bytes: int):
    """Each is read from its first offset to its end, or to the partition's."""
    stretches = [Stretch(0, 3, 5), Stretch(0, 20, 22), Stretch(1, 0, 1), Stretch(0, 28, 40), Stretch(0, 50, 60)]
    passages = reading.read(brokers.topic, stretches, replace(_LIMITS, fetch_bytes=fetch_bytes))
    assert offsets(passages) == [[3, 4], [20, 21], [0], [28, 29], []]
    assert [passage.through for passage in passages] == [5, 22, 1, 30, 50]
    assert [passage.low for passage in passages] == [0] * 5
    assert passages[0].records[0].person == Person(_UUID, "a@x.org")
    assert passages[2].records[0].person is None


def test_limit_of_records(brokers: Brokers):
    """What was not begun has no low mark."""
    stretches = [Stretch(0, 0, 10), Stretch(0, 20, 22)]
    first, second = reading.read(brokers.topic, stretches, replace(_LIMITS, records=4))
    assert (first.through, len(first.records), first.is_complete) == (4, 4, False)
    assert second.low is None


def test_limit_of_bytes(brokers: Brokers):
    [passage] = reading.read(brokers.topic, [Stretch(0, 0, 10)], replace(_LIMITS, bytes=len(_PERSON) + 1))
    assert passage.through == 2


def test_no_broker():
    with pytest.raises(TopicError, match=r"random-user at 127\.0\.0\.1:1 can't be read: "):
        reading.read(Topic("127.0.0.1:1", "random-user"), [Stretch(0, 0, 1)], replace(_LIMITS, seconds=2))


def test_nothing_to_read():
    assert reading.read(Topic("127.0.0.1:1", "random-user"), [], _LIMITS) == []


@pytest.mark.parametrize("fetch_bytes", [1, 2**18])
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_record_that_inflates(compression: str, fetch_bytes: int):
    """It is told apart, the process ends at most itself, and what comes after it is read."""
    brokers = serve(compression)
    brokers.send([_PERSON] * 3)
    brokers.send([b"a" * 300_000_000])
    brokers.send([_PERSON] * 3)
    stretches = [Stretch(0, 1, 7), Stretch(0, 4, 7)]
    passages = reading.read(brokers.topic, stretches, replace(_LIMITS, fetch_bytes=fetch_bytes))
    assert offsets(passages) == [[1, 2], [4, 5, 6]]
    assert [(passage.through, passage.is_too_large) for passage in passages] == [(3, True), (7, False)]


def test_process_that_dies():
    """Killed for want of memory: the stretch where it stood is too large, and another process goes on behind it."""
    answers = iter(
        [
            (
                ['["stands", 0, 0, 9]', '["through", 0, 2]', '["stands", 1, 0, 9]', '["record", 1, 2, 0, null, null]'],
                -6,
            ),
            (['["stands", 0, 0, 9]', '["through", 0, 6]'], 0),
        ]
    )
    asked: list[reader.Request] = []

    def run(request: reader.Request) -> tuple[list[str], int]:
        asked.append(request)
        return next(answers)

    stretches = [Stretch(0, 0, 2), Stretch(0, 2, 5), Stretch(0, 5, 6)]
    passages = reading.read(Topic("nowhere:9092", "random-user"), stretches, _LIMITS, run)
    assert [len(request["stretches"]) for request in asked] == [3, 1]
    assert [passage.is_too_large for passage in passages] == [False, True, False]
    assert [passage.through for passage in passages] == [2, 3, 6]
