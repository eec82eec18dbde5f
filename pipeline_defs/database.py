"""The PostgreSQL side of the pipeline: named statements of `sql/`, run within time limits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2.extras import RealDictCursor
from pydantic import SecretStr

import sql
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import libpq_address

_CONNECT_SECONDS = 5
_LIMITS = "-c statement_timeout={milliseconds} -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"

Row = Mapping[str, Any]


class DatabaseError(PipelineError):
    """PostgreSQL can't be reached, or refused or gave up a statement."""


class Database:
    """The tables of the pipeline. Making one does no network; each call opens a connection and closes it."""

    def __init__(self, url: SecretStr, statement_seconds: int = 10) -> None:
        self._url = url
        self._statement_seconds = statement_seconds

    def run(self, name: str, **values: object) -> list[Row]:
        """Run one named statement in a transaction of its own and give its rows.

        Raises:
            DatabaseError: no connection, or PostgreSQL refused the statement.
        """
        with self.session() as session:
            return session.run(name, **values)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Open a connection for several statements, each its own transaction, and close it.

        Raises:
            DatabaseError: no connection within 5 s.
        """
        connection = connect(self._url, self._statement_seconds)
        try:
            connection.autocommit = True
            yield Session(connection)
        finally:
            connection.close()


class Session:
    """One open connection."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def run(self, name: str, **values: object) -> list[Row]:
        """Run one named statement and give its rows, each a mapping from column to value."""
        with explained(f"statement {name}"), self._connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql.statement(name), values)
            return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements inside one transaction: all of them, or none."""
        self._connection.autocommit = False
        try:
            with explained("transaction"), self._connection:
                yield
        finally:
            if not self._connection.closed:
                self._connection.autocommit = True


def connect(url: SecretStr, statement_seconds: int = 10) -> psycopg2.extensions.connection:
    """Open a connection whose every wait has a limit. The caller closes it.

    Raises:
        DatabaseError: no connection within 5 s.
    """
    limits = _LIMITS.format(milliseconds=statement_seconds * 1000)
    with explained("connection"):
        try:
            return psycopg2.connect(
                libpq_address(url),
                connect_timeout=_CONNECT_SECONDS,
                options=limits,
                application_name="pipeline_defs",
                # PostgreSQL keeps the limits above; these end the wait for a machine that is gone without a word.
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=15000,
            )
        except psycopg2.ProgrammingError:
            # The driver's text quotes the address with its password.
            raise DatabaseError(
                "PostgreSQL, connection: the address can't be read. DATABASE_URL, DATABASE_ADMIN_URL and "
                "DAGSTER_POSTGRES_URL must read postgresql://user:password@host:port/database."
            ) from None


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn psycopg2's errors into one sentence that says what failed and where to look."""
    try:
        yield
    except psycopg2.Error as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise DatabaseError(
            f"PostgreSQL, {what}: {detail}. See that it runs and that DATABASE_URL names it; "
            "`python -m pipeline_defs.provision` makes the tables."
        ) from error
