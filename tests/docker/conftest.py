"""What the tests of the deployment need: an engine, and one deployment for the session.

DOCKER_TESTS says how much is run: `lint` (the default: what needs no engine), `short`, or `all`.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.deployment import Deployment

HERE = Path(__file__).parent
EXTENT = os.environ.get("DOCKER_TESTS", "lint")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engine: needs a Docker engine")
    config.addinivalue_line("markers", "long: left out where DOCKER_TESTS=short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if EXTENT not in ("lint", "short", "all"):
        pytest.exit(f"DOCKER_TESTS is {EXTENT!r}. Allowed: lint, short, all.", returncode=2)
    left_out = [
        item
        for item in items
        if HERE in item.path.parents
        and (
            (EXTENT == "lint" and item.get_closest_marker("engine"))
            or (EXTENT == "short" and item.get_closest_marker("long"))
        )
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if EXTENT != "lint" and any(item.get_closest_marker("engine") for item in items) and not _engine_answers():
        pytest.exit(
            "No Docker engine answers. Start one, or set DOCKER_TESTS=lint to leave these tests out.", returncode=3
        )


def _engine_answers() -> bool:
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The full profile, started by start.sh; removed with all its data after the last test."""
    deployed = Deployment(tmp_path_factory.mktemp("deployment"))
    deployed.refuse_another()
    deployed.build_postgres_where_no_registry_answers()
    try:
        deployed.start()
        yield deployed
    finally:
        deployed.down("--volumes", "--yes")
