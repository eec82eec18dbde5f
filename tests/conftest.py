"""The one stack of the session: its own folder, its own ports, stopped and deleted at the end."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.processes import end
from tests.free_ports import free_offset
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that need the stack last: the others find its memory free, and fail sooner."""
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))
