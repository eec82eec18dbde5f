"""Ports for a stack beside those that run."""

import secrets
import socket

from stack.settings import Settings


def free_offset() -> int:
    """Give an offset by which every port of the stack is free."""
    ports = [Settings.model_fields[f"{name}_port"].default for name in Settings.port_names()]
    for _ in range(100):
        offset = 10000 + secrets.randbelow(10000)
        if all(is_free(port + offset) for port in ports):
            return offset
    raise AssertionError("no hundredth of the ports is free")


def is_free(port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) != 0
