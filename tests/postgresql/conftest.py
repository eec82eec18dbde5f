"""One PostgreSQL for the session, and a database of its own for each test."""

from collections.abc import Iterator

import pytest

from tests.postgresql.server import Database, fresh, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    with serving() as running:
        yield running


@pytest.fixture
def empty_database(server: Database) -> Iterator[Database]:
    """A database without tables, owned by the role `pipeline`."""
    with fresh(server) as database:
        yield database


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with the tables that `provision` makes."""
    empty_database.provision()
    return empty_database
