"""Who leads the metadata quorum, and whether each controller follows: Kafka's request DescribeQuorum, by hand.

confluent-kafka doesn't have this request, and Kafka's own tool for it is a JVM. It is one message each way, in Kafka's
flexible format: lengths are varints of one more than the length, and every structure ends with tags.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline_defs.errors import PipelineError

_API, _VERSION = 55, 1
_TOPIC = b"__cluster_metadata"
_SECONDS = 3.0
_LONGEST_ANSWER = 1 << 20


class QuorumError(PipelineError):
    """The broker doesn't answer, or not with a quorum."""


@dataclass(frozen=True)
class Controller:
    """One voter of the quorum.

    Attributes:
        id: its node id.
        behind: how many records of metadata the leader has and it hasn't.
        fetched_at: when it last asked the leader for more, in epoch milliseconds; -1 where the leader doesn't know.
    """

    id: int
    behind: int
    fetched_at: int


@dataclass(frozen=True)
class Quorum:
    """The quorum as its leader sees it."""

    leader: int
    controllers: tuple[Controller, ...]


def describe_quorum(host: str, port: int) -> Quorum:
    """Ask a broker, which asks the leading controller.

    Raises:
        QuorumError: no usable answer in time.
    """
    with _explained(f"{host}:{port}"), socket.create_connection((host, port), _SECONDS) as connection:
        connection.settimeout(_SECONDS)
        request = _request()
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _receive(connection, 4))
        if not 0 < length < _LONGEST_ANSWER:
            raise ValueError(f"an answer of {length} bytes")
        return parse(_receive(connection, length))


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, struct.error, IndexError) as error:
        raise QuorumError(
            f"Kafka at {address} doesn't describe its quorum ({error}). See that brokers and controllers run."
        ) from error


def _request() -> bytes:
    header = struct.pack(">hhih", _API, _VERSION, 1, 13) + b"pipeline_defs" + b"\0"
    partitions = b"\x02" + struct.pack(">i", 0) + b"\0"
    topic = bytes([len(_TOPIC) + 1]) + _TOPIC + partitions + b"\0"
    return header + b"\x02" + topic + b"\0"


def parse(answer: bytes) -> Quorum:
    """Read the answer.

    Raises:
        ValueError, IndexError, struct.error: it is none, or says that something went wrong.
    """
    reader = _Reader(answer)
    reader.take(">i")  # the request's number
    reader.tags()
    reader.succeeded()
    for _ in range(reader.count()):
        reader.skip(reader.count())  # the topic's name
        for _ in range(reader.count()):
            reader.take(">i")
            reader.succeeded()
            leader, _epoch, end = reader.take(">iiq")
            voters = [reader.take(">iqqq") for _ in reader.structures()]
            return Quorum(
                leader, tuple(Controller(number, max(0, end - at), fetched) for number, at, fetched, _ in voters)
            )
    raise ValueError("no quorum in the answer")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def skip(self, length: int) -> None:
        self._at += length

    def count(self) -> int:
        """Read a length."""
        return max(0, self._varint() - 1)

    def structures(self) -> Iterator[None]:
        """Stand at each structure of an array, and pass over its tags."""
        for _ in range(self.count()):
            yield
            self.tags()

    def tags(self) -> None:
        for _ in range(self._varint()):
            self._varint()
            self.skip(self._varint())

    def succeeded(self) -> None:
        (code,) = self.take(">h")
        if code:
            raise ValueError(f"error {code}")

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
                return value
            shift += 7


def _receive(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ValueError("the connection ended")
        data += piece
    return data
