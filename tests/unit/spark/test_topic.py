"""A driver that starts while Kafka is away asks again; what it can't find out in time is one sentence."""

import pytest

from spark import topic, users_stream
from spark.topic import Topic, TopicError, look

FOUND = Topic("random-user", "A", {0: 0}, {0: 9})


def test_kafka_is_asked_again(monkeypatch: pytest.MonkeyPatch):
    answers: list[Topic | TopicError] = [TopicError("away"), TopicError("away"), FOUND]

    def answer(*_: str) -> Topic:
        found = answers.pop(0)
        if isinstance(found, TopicError):
            raise found
        return found

    monkeypatch.setattr(topic, "_look", answer)
    assert look("nowhere:1", "random-user", 60) == FOUND


def test_kafka_away_is_no_fault_of_the_driver(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: str) -> Topic:
        raise TopicError("away")

    monkeypatch.setattr(topic, "_look", fail)
    with pytest.raises(TopicError) as caught:
        look("nowhere:1", "random-user", 0)
    assert users_stream._classify_failure(caught.value) == ("lost", "away")
