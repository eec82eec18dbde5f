"""A PostgreSQL server for tests of SQL: the stack's own, alone, on a free port, deleted at the end."""

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor
from pydantic import SecretStr

from pipeline_defs import provision
from pipeline_defs.settings import Settings
from stack import postgres, site
from stack.accounts import account_ids
from stack.components import HOST
from stack.settings import Settings as StackSettings
from stack.shell import inherited_environment
from stack.state import State
from tests.waiting import until

_CONNECT_SECONDS = 5
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Database:
    """One database of the server. The roles are those that `provision` makes, all with the same password."""

    name: str
    port: int
    password: str

    def url(self, role: str = "pipeline") -> str:
        """Give the address for a role: pipeline, users_stream, or postgres, the superuser."""
        return self._url(role, self.name)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password}@{HOST}:{self.port}/{database}"

    @property
    def settings(self) -> Settings:
        """The settings with which `provision` finds this database."""
        secret = SecretStr(self.password)
        return Settings(
            database_url=SecretStr(self.url()),
            database_admin_url=SecretStr(self._url("postgres", "postgres")),
            pipeline_password=secret,
            users_stream_password=secret,
            dagster_password=secret,
        )

    def connect(self, role: str = "pipeline") -> psycopg2.extensions.connection:
        """Open a connection, which the caller closes. Its rows are mappings from column to value."""
        return psycopg2.connect(
            self.url(role),
            connect_timeout=_CONNECT_SECONDS,
            options="-c timezone=UTC -c lock_timeout=60s",
            cursor_factory=RealDictCursor,
        )

    def run(self, statement: str, values: Mapping[str, object] | None = None, role: str = "pipeline") -> list[Any]:
        """Run one text of SQL in a transaction of its own, and give its rows, each a mapping from column to value."""
        with closing(self.connect(role)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, statement: str, values: Mapping[str, object] | None = None, role: str = "pipeline") -> Any:  # noqa: ANN401 - whatever the column holds
        """Run a query and give the first column of its first row."""
        return next(iter(self.run(statement, values, role)[0].values()))

    def provision(self) -> list[str]:
        """Make the tables as `provision` does, and give the lines that it says."""
        return list(provision.schema(self.settings.database_url))


@contextmanager
def serving() -> Iterator[Database]:
    """Run a server that has the roles, and give its database `postgres`."""
    # Not pytest's own folder: as root, the account that runs PostgreSQL can't enter that one.
    folder = Path(tempfile.mkdtemp(prefix="pipeline-postgresql-"))
    folder.chmod(0o711)
    settings = StackSettings(state=folder / "state", port_offset=0, postgres_port=_free_port())
    state = State(settings.state)
    state.create()
    here = site.locate(settings, embedded_api=False)
    database = Database("postgres", settings.postgres_port, secrets.token_hex(8))
    postgres.prepare(here, database.password)
    component = postgres.component(here)
    user, group = account_ids(component.account) if component.account else (None, None)
    log = folder / "postgres.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            (*component.command, "-c", "fsync=off"),  # what a power cut would cost is deleted anyway
            cwd=component.folder,
            env=inherited_environment(),
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: _answers(database, server, log), "PostgreSQL")
            list(provision.cluster(database.settings))
            yield database
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for clients to leave
            try:
                server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh(server: Database) -> Iterator[Database]:
    """Make an empty database with the rights that `provision` gives, and drop it at the end."""
    database = Database(f"test_{secrets.token_hex(4)}", server.port, server.password)
    list(provision.cluster(database.settings))
    try:
        yield database
    finally:
        with closing(server.connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {database.name} WITH (FORCE)")


def _free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as listener:
        return listener.getsockname()[1]


def _answers(database: Database, server: subprocess.Popen[bytes], log: Path) -> bool:
    assert server.poll() is None, f"PostgreSQL ended:\n{log.read_text(encoding='utf-8')}"
    try:
        return bool(database.run("SELECT 1", role="postgres"))
    except psycopg2.OperationalError:
        return False
