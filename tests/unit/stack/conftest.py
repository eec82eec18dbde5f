import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_defs.settings import read_settings
from stack.components import Site
from stack.settings import Settings
from stack.state import State


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees or touches the stack of whoever runs it."""
    # Where the socket of a long path is put.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PIPELINE_CACHE", str(tmp_path / "cache"))
    for name in ("PIPELINE_PORT_OFFSET", "RANDOM_USER_API_URL", "KAFKA_TOPIC", "CADENCE_SECONDS"):
        # Set first: what a test's command remembers into the environment goes with the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    read_settings.cache_clear()


@pytest.fixture
def make_site(tmp_path: Path) -> Callable[..., Site]:
    def make(*, port_offset: int = 0, source: str | None = None) -> Site:
        settings = Settings(state=tmp_path / "state", cache=tmp_path / "cache", port_offset=port_offset)
        return Site(
            settings=settings,
            state=State(settings.state),
            repository=Path("/repository"),
            python=Path("/repository/.venv/bin/python"),
            java=Path("/java/bin/java"),
            spark_home=Path("/spark"),
            kafka_jars=Path("/cache/kafka"),
            connector_jars=Path("/cache/spark"),
            postgres_programs=Path("/postgres/bin"),
            random_user_api_url=source,
        )

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
