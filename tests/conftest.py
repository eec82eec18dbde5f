"""The one stack of the session: its own folder, its own ports, stopped and deleted at the end."""

import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.processes import end
from stack.settings import Settings
from tests.integration.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # Not pytest's own folder: as root, the account that runs PostgreSQL can't enter that one.
    folder = Path(tempfile.mkdtemp(prefix="pipeline-"))
    folder.chmod(0o711)
    running = Stack(
        {
            "PIPELINE_STATE": str(folder / "state"),
            "PIPELINE_PORT_OFFSET": str(free_offset()),
            "NO_COLOR": "1",
            # Above what a healthy grid of 25 s needs, below what a test would wait for.
            "FRESHNESS_WARN_SECONDS": "60",
            "FRESHNESS_FAIL_SECONDS": "75",
        }
    )
    try:
        sys.stderr.write(running.up())
        yield running
    finally:
        running.pipeline("destroy", "--yes", check=False)
        end(running.processes())  # whatever a broken `destroy` has left
        shutil.rmtree(folder, ignore_errors=True)


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
