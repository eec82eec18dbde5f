"""Reads records again: a program of its own, since no setting of Kafka's client bounds what a batch inflates to.

gzip, lz4 and snappy are decompressed to whatever size they have, and a client that gets no memory for it ends its
process. So this one has little, and may end. It imports nothing of the pipeline, and it never asks the stream's parser
who a person is. A request is one JSON object on its input, an answer one JSON list a line:

    ["stands", number, low, high]                     the stretch of that number is begun; what Kafka holds
    ["record", number, offset, milliseconds, uuid, email]
    ["through", number, offset]                       every record of the stretch before that offset was given
    ["too_large", number]                             the next one can't be read
    ["failed", reason]                                Kafka gives no answer
"""

import json
import os
import resource
import sys
import time
from typing import Any, TypedDict
from uuid import UUID

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

# What a process may allocate: twice the largest response, and what threads and Python take.
_MEMORY = 512 * 2**20
# More than that in one response, or inflated from zstd, is an error to the client.
_LARGEST_RESPONSE = 128 * 2**20
_TOO_LARGE = (KafkaError._BAD_COMPRESSION, KafkaError._BAD_MSG, KafkaError.MSG_SIZE_TOO_LARGE)
_POLL_SECONDS = 0.2
_YEAR_9999 = 253_402_300_799_000  # in milliseconds; later than that is no datetime


class Request(TypedDict):
    """What to read.

    Attributes:
        bootstrap_servers: brokers, as host:port separated by commas.
        topic: its name.
        stretches: partition, first offset and the one after the last.
        fetch_bytes: about how much to fetch at once; Kafka gives one batch at least. 1 gives one batch at a time.
        seconds: when to end, at the latest.
        records: after how many records to end.
        bytes: after how many bytes of values to end.
    """

    bootstrap_servers: str
    topic: str
    stretches: list[tuple[int, int, int]]
    fetch_bytes: int
    seconds: float
    records: int
    bytes: int


def main() -> None:
    """Answer one request."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    reader = _Reader(json.load(sys.stdin))
    try:
        reader.read()
    except KafkaException as error:
        cause = error.args[0] if error.args else None
        _answer("failed", cause.str() if isinstance(cause, KafkaError) else str(error))
    # Without waiting for brokers: nothing was joined, and nothing is to be committed.
    os._exit(0)


def identify(value: bytes | None) -> tuple[str, str] | None:
    """Return uuid and e-mail of the person in a record; None where it can't be told."""
    try:
        person = json.loads(value or b"")
        return str(UUID(person["login"]["uuid"].strip())), person["email"].strip()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return None


class _Reader:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._deadline = time.monotonic() + request["seconds"]
        self._records = self._bytes = 0
        self._response_too_large = False
        self._watermarks: dict[int, tuple[int, int]] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": request["bootstrap_servers"],
                "client.id": "nothing_lost",
                # Wanted by the client; partitions are assigned, so no group is ever joined.
                "group.id": "nothing_lost",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "fetch.message.max.bytes": request["fetch_bytes"],
                "fetch.max.bytes": 2**20,
                "fetch.wait.max.ms": 50,
                "receive.message.max.bytes": _LARGEST_RESPONSE,
                # Nothing is fetched ahead: it may be too large, and nobody has asked for it.
                "queued.min.messages": 1,
                "fetch.queue.backoff.ms": 1,
                "error_cb": self._note,
                "log_level": 2,
            }
        )

    def read(self) -> None:
        """Answer with the records, stretch by stretch, until a limit is reached."""
        for number, (partition, first, end) in enumerate(self._request["stretches"]):
            if not self._is_within_limits():
                return
            try:
                self._read(number, partition, first, end)
            except (MemoryError, SystemError):
                # The second is what Kafka's client makes of the first.
                _answer("too_large", number)

    def _read(self, number: int, partition: int, first: int, end: int) -> None:
        low, high = self._ask_watermarks(partition)
        _answer("stands", number, low, high)
        position = max(first, low)
        if position >= end or position > high:
            return
        self._consumer.assign([TopicPartition(self._request["topic"], partition, position)])
        while self._is_within_limits():
            message = self._consumer.poll(_POLL_SECONDS)
            if message is not None and message.error() is None:
                offset = message.offset()
                if message.partition() != partition or offset is None or offset < position:
                    continue
                position = min(offset + 1, end)
                if offset < end:
                    self._give(number, offset, message)
                if position >= end:
                    _answer("through", number, end)
                    return
            elif self._has_ended(number, message):
                return

    def _has_ended(self, number: int, message: Message | None) -> bool:
        error = message.error() if message else None
        if self._response_too_large or (error and error.code() in _TOO_LARGE):
            self._response_too_large = False
            # Markers of transactions are passed without a word.
            [place] = self._consumer.position(self._consumer.assignment())
            _answer("through", number, place.offset)
            _answer("too_large", number)
            return True
        if message and error and error.code() == KafkaError._PARTITION_EOF:
            _answer("through", number, message.offset())
            return True
        # The offset is not there any more, or not yet: the next evaluation asks again.
        return bool(error and error.code() == KafkaError._AUTO_OFFSET_RESET)

    def _give(self, number: int, offset: int, message: Message) -> None:
        _, milliseconds = message.timestamp()
        value: Any = message.value()
        self._records += 1
        self._bytes += len(value or b"")
        _answer("record", number, offset, min(max(0, milliseconds), _YEAR_9999), *(identify(value) or (None, None)))

    def _ask_watermarks(self, partition: int) -> tuple[int, int]:
        if partition not in self._watermarks:
            left = max(0.1, self._deadline - time.monotonic())
            place = TopicPartition(self._request["topic"], partition)
            self._watermarks[partition] = self._consumer.get_watermark_offsets(place, timeout=left)
        return self._watermarks[partition]

    def _is_within_limits(self) -> bool:
        request = self._request
        return (
            time.monotonic() < self._deadline and self._records < request["records"] and self._bytes < request["bytes"]
        )

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._BAD_MSG:
            self._response_too_large = True


def _answer(*line: object) -> None:
    # At once: whatever was answered counts, also when the next batch ends the process.
    print(json.dumps(line), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
