from collections.abc import Iterator

import pytest

from tests.unit.embedded_api.serving import Served, serve


@pytest.fixture(scope="package")
def running() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.fixture
def api(running: Served) -> Served:
    """The embedded API, healthy, with nothing asked of it yet."""
    running.forget()
    return running
