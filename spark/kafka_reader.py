"""A task's records, read from Kafka by librdkafka: for Spark's JVM to hand them to Python costs three times as much."""

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from spark.topic import TopicError

_SECONDS_WITHOUT_A_RECORD = 30.0
_MESSAGES = 1000
_FIXED = {
    # Wanted by the client; partitions are assigned, so no group is ever joined, and nothing is committed.
    "group.id": "users_stream",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # Offsets that Kafka no longer has end the driver, whose next start accounts for them.
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    # No message is sent; the least that is allowed lets `fetch.max.bytes` be small.
    "message.max.bytes": 1000,
    # The most that a broker's answer, or a batch of it that inflates, may take.
    "receive.message.max.bytes": 1_000_000_000,
    # Little is read ahead, as a batch may go on in another process; and what is read is refilled at once.
    "queued.max.messages.kbytes": 4096,
    "fetch.queue.backoff.ms": 10,
    # A task reads what is there. A long poll under way when it turns to another partition must end first.
    "fetch.wait.max.ms": 50,
    "log_level": 2,
}
_kept: list["Reader"] = []


def read(configuration: Mapping[str, str], topic: str, partition: int, start: int, end: int) -> Iterator[Message]:
    """Return the committed records of a range, its end excluded, in the order of their offsets.

    The reader is kept in this process for its next task, and thrown away after any error.

    Args:
        configuration: of the client.
        topic: its name.
        partition: its number.
        start: the first offset.
        end: the one after the last.

    Raises:
        TopicError: Kafka can't be read, has not all of them any more, or gives nothing for 30 s.
    """
    try:
        reader = _kept.pop() if _kept else Reader(configuration)
    except KafkaException as error:
        raise TopicError(f"Kafka can't be read: {error}.") from error
    try:
        yield from reader.read(topic, partition, start, end)
    except BaseException:
        reader.close()
        raise
    _kept.append(reader)


class Reader:
    """A consumer of no group, which reads one range after the other."""

    def __init__(self, configuration: Mapping[str, str]) -> None:
        self._consumer = Consumer({**configuration, **_FIXED, "error_cb": self._note_error})
        # The client says why it can't reach Kafka to its callback alone.
        self._last_error = ""
        # Where it goes on without being told, and what it has read beyond the last range.
        self._position: tuple[str, int, int] | None = None
        self._ahead: list[Message] = []

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Message]:
        """Return the records of a range, as the function of this name does."""
        if self._position != (topic, partition, start):
            self._consumer.assign([TopicPartition(topic, partition, start)])
            self._ahead = []
        self._position = None
        deadline = time.monotonic() + _SECONDS_WITHOUT_A_RECORD
        while time.monotonic() < deadline:
            messages = self._ahead or self._consume()
            self._ahead = []
            for number, message in enumerate(messages):
                offset = _offset(message)
                if offset is None:
                    continue
                is_record = message.error() is None
                if is_record and offset < end:
                    yield message
                if offset >= end - is_record:
                    self._ahead = messages[number + (is_record and offset < end) :]
                    self._position = (topic, partition, end)
                    return
            if messages:
                deadline = time.monotonic() + _SECONDS_WITHOUT_A_RECORD
        raise TopicError(
            f"Kafka topic {topic}, partition {partition} gave nothing for {_SECONDS_WITHOUT_A_RECORD:.0f} s. "
            f"{self._last_error}".rstrip()
        )

    def _note_error(self, error: KafkaError) -> None:
        self._last_error = error.str()

    def _consume(self) -> list[Message]:
        """Return what has come: to ask for many with a time limit would wait until it is over."""
        try:
            first = self._consumer.poll(1.0)
            return [] if first is None else [first, *self._consumer.consume(_MESSAGES, 0)]
        except KafkaException as error:
            raise TopicError(f"Kafka can't be read: {error}.") from error

    def close(self) -> None:
        """Close the connections to the brokers."""
        self._consumer.close()


def _offset(message: Message) -> int | None:
    """Return a record's offset, or at the end of the partition the one that comes next; None for what passes.

    Raises:
        TopicError: it is an error that does not pass.
    """
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:
        return message.offset()
    if error.retriable():
        return None
    raise TopicError(f"Kafka can't be read: {error.str()}.")
