import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipeline_defs.kafka_quorum import Controller, Quorum, QuorumError, describe_quorum, parse


def answer(error: int = 0) -> bytes:
    """What a broker says: controller 102 leads, 101 is five records behind, 103 was never heard of."""
    voters = [(101, 995, 1000), (102, 1000, 2000), (103, -1, -1)]
    packed = b"".join(struct.pack(">iqqq", number, end, at, at) + b"\0" for number, end, at in voters)
    # Observers carry tags, as a later version might send them.
    observer = struct.pack(">iqqq", 1, 1000, 2000, 2000) + b"\x01\x05\x02hi"
    partition = struct.pack(">ihiiq", 0, error, 102, 7, 1000) + b"\x04" + packed + b"\x02" + observer + b"\0"
    topic = b"\x13__cluster_metadata" + b"\x02" + partition + b"\0"
    return struct.pack(">i", 1) + b"\0" + struct.pack(">h", 0) + b"\x02" + topic + b"\0"


def test_the_leader_and_who_follows_are_read():
    found = parse(answer())
    assert found.leader == 102
    assert found.controllers == (Controller(101, 5, 1000), Controller(102, 0, 2000), Controller(103, 1001, -1))


def test_an_error_in_the_answer_is_an_error():
    with pytest.raises(ValueError, match="error 41"):
        parse(answer(41))


@pytest.fixture
def broker() -> Iterator[tuple[str, int]]:
    """A server that answers one request in two pieces."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                (length,) = struct.unpack(">i", connection.recv(4))
                assert b"__cluster_metadata" in connection.recv(length)
                said = answer()
                connection.sendall(struct.pack(">i", len(said)) + said[:10])
                connection.sendall(said[10:])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()
        thread.join(10)


def test_a_broker_is_asked(broker: tuple[str, int]):
    assert isinstance(describe_quorum(*broker), Quorum)


def test_a_broker_that_is_away_is_a_sentence():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(QuorumError, match=f"127.0.0.1:{port} doesn't describe its quorum"):
        describe_quorum("127.0.0.1", port)
