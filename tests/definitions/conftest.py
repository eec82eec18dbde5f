from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from dagster import DagsterInstance, instance_for_test

from pipeline_defs.settings import Settings


@pytest.fixture(scope="session")
def instance_on_files() -> Iterator[DagsterInstance]:
    with instance_for_test() as made:
        yield made


@pytest.fixture
def instance(instance_on_files: DagsterInstance) -> Iterator[DagsterInstance]:
    """A Dagster instance on temporary files, as contexts need one, without runs. Making one is slow: it is shared."""
    yield instance_on_files
    for run in instance_on_files.get_runs():
        instance_on_files.delete_run(run.run_id)


@pytest.fixture
def instance_in_memory() -> Iterator[DagsterInstance]:
    """A quick Dagster instance, enough to run a job."""
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def settings() -> Settings:
    return Settings(people_per_tick=2, cadence_seconds=25, dagster_postgres_url=None)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
