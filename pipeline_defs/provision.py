"""Everything that must exist before data flows: roles, databases, tables, the topic. Idempotent.

python -m pipeline_defs.provision
"""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2.errors
from psycopg2 import sql as composed
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import SecretStr

import sql
from contract.retry import retry
from pipeline_defs import legacy_users
from pipeline_defs.database import Database, DatabaseError, connect, explained
from pipeline_defs.errors import PipelineError, SettingsError
from pipeline_defs.kafka_logging import SILENT
from pipeline_defs.kafka_topic import Topic, TopicShape
from pipeline_defs.legacy_users import Rewrite, TableInUseError
from pipeline_defs.settings import Settings, libpq_address, read_settings

_SECONDS = 120
# So long the stream may finish its batch before an upgrade, and others may go on reading a table that has to change.
_STREAM_SECONDS = 60
_IN_USE_SECONDS = 60
# Of a table and its indexes, on two shared cores. What is smaller takes seconds, and nothing is said of it.
_BYTES_A_MINUTE = 2 * 10**9
_LARGE_BYTES = 10**8
# Two provisions at once wait for each other; the numbers mean nothing but must not change.
_LOCK = """
SET LOCAL lock_timeout = '120s';
SELECT pg_advisory_xact_lock(7265, 1);
SET LOCAL lock_timeout = '5s';
"""


def cluster(settings: Settings) -> Iterator[str]:
    """Create the roles with their passwords and the databases with their owners, and yield a line for each step.

    Raises:
        SettingsError: DATABASE_ADMIN_URL is set and a password is missing.
        DatabaseError: PostgreSQL can't be reached, or refuses.
    """
    if settings.database_admin_url is None:
        return
    passwords = {
        name: getattr(settings, name) for name in ("pipeline_password", "users_stream_password", "dagster_password")
    }
    missing = [name.upper() for name, value in passwords.items() if value is None]
    if missing:
        raise SettingsError(
            f"DATABASE_ADMIN_URL is set, so {', '.join(missing)} must be set too: the roles need passwords."
        )
    folder = Path(sql.__file__).parent / "cluster"
    values = {name: value.get_secret_value() for name, value in passwords.items()}
    with closing(connect(settings.database_admin_url, _SECONDS)) as connection:
        with explained("roles"), connection, connection.cursor() as cursor:
            cursor.execute(_LOCK)
            for file in sorted(folder.glob("[0-9]*.sql")):
                cursor.execute(file.read_text(encoding="utf-8"), values)
        yield "roles pipeline, users_stream and dagster are there"
        connection.autocommit = True
        rights = (folder / "database_rights.sql").read_text(encoding="utf-8")
        for database, owner, others in (
            (database_name(settings.database_url), "pipeline", ["users_stream"]),
            ("dagster", "dagster", []),
        ):
            with explained(f"database {database}"), connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (database,))
                if not cursor.rowcount:
                    create = composed.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
                    cursor.execute(create.format(composed.Identifier(database), composed.Identifier(owner)))
                cursor.execute(rights, {"database": database, "owner": owner, "others": others})
            yield f"database {database} is there, for {owner}"
    _hand_over(settings.database_admin_url, database_name(settings.database_url))


def _hand_over(admin_url: SecretStr, database: str) -> None:
    """Give the role `pipeline` what another role made in its database."""
    url = SecretStr(make_dsn(libpq_address(admin_url), dbname=database))
    with (
        closing(connect(url, _SECONDS)) as connection,
        explained(f"objects of database {database}"),
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute((Path(sql.__file__).parent / "cluster" / "database_objects.sql").read_text(encoding="utf-8"))


def schema(database_url: SecretStr, admin_url: SecretStr | None = None) -> Iterator[str]:
    """Upgrade tables from before and apply the schema files, all in one transaction, and yield a line for each step.

    A stream that is wanted is stopped before tables change that it writes to, and wanted again in the transaction that
    changes them. That it was stopped here stands in `stream_state`: where this is killed, the next call ends it.

    Args:
        database_url: as the role that owns the tables.
        admin_url: a superuser's address, to learn how much room the disk has; unknown without it.

    Raises:
        DatabaseError: PostgreSQL can't be reached, or refuses; then no table was changed.
    """
    with closing(connect(database_url, _SECONDS)) as connection:
        with _transaction(connection) as cursor:
            rewrite = legacy_users.needed_rewrite(connection)
            cursor.execute(sql.statement("legacy_stream"))
            is_there, counts_no_records = cursor.fetchone() or (False, False)
        if rewrite and rewrite.bytes >= _LARGE_BYTES:
            yield _size_up(rewrite, None if admin_url is None else _free_bytes(admin_url))
        holds = is_there and (rewrite is not None or counts_no_records)
        if holds and _hold_stream(connection):
            yield "the stream is stopped for an upgrade of the tables, and wanted again after it"
        if holds:
            _wait_for_stream(connection)
        try:
            lines = retry(lambda: _apply(connection), _IN_USE_SECONDS, TableInUseError)
        except DatabaseError as error:
            if not holds:
                raise
            raise DatabaseError(
                f"{error} The stream stays stopped until provisioning ends without an error; the job start_stream "
                "starts it before that."
            ) from error
    yield from lines
    yield f"tables of {database_name(database_url)} are there ({len(sql.schema_files())} files applied)"


def _apply(connection: Connection) -> list[str]:
    with _transaction(connection) as cursor:
        lines = legacy_users.upgrade(connection)
        try:
            for file in sql.schema_files():
                cursor.execute(file.read_text(encoding="utf-8"))
            cursor.execute(sql.statement("legacy_release"))
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected) as error:
            raise TableInUseError(
                f"The tables are in use ({error.diag.message_primary}). Stop what reads or writes them (the stream: "
                "job stop_stream), and provision again. Nothing was changed."
            ) from error
    return lines


@contextmanager
def _transaction(connection: Connection) -> Iterator[Cursor]:
    """Open a transaction beside which no other provision works."""
    with explained("schema"), connection.cursor() as cursor:
        try:
            _take_turn(cursor)
            yield cursor
            connection.commit()
        except BaseException:
            # A rollback on a connection that is gone would hide why it is.
            if not connection.closed:
                connection.rollback()
            raise


def _take_turn(cursor: Cursor) -> None:
    try:
        cursor.execute(_LOCK)
    except psycopg2.errors.LockNotAvailable:
        raise DatabaseError("Another provision is at work still. Wait until it has ended, and try again.") from None


def _hold_stream(connection: Connection) -> bool:
    """Want the stream stopped until the upgrade is done. Return whether it was wanted."""
    with _transaction(connection) as cursor:
        cursor.execute(sql.statement("legacy_hold"))
        return cursor.rowcount > 0


def _wait_for_stream(connection: Connection) -> None:
    """Wait until the stream has ended by itself.

    One that does not end is no reason to give up: the upgrade waits for its locks, and refuses its writes afterwards.
    """
    end = time.monotonic() + _STREAM_SECONDS
    while _stream_sessions(connection) and time.monotonic() < end:
        time.sleep(0.5)


def _stream_sessions(connection: Connection) -> int:
    # A transaction of its own: in one, PostgreSQL shows the same sessions again.
    with explained("sessions of the stream"), connection, connection.cursor() as cursor:
        cursor.execute(sql.statement("legacy_sessions"))
        [(sessions,)] = cursor.fetchall()
        return sessions


def _size_up(rewrite: Rewrite, free_bytes: int | None) -> str:
    """Return what the rewrite takes, for people.

    Raises:
        DatabaseError: the disk has less room than the second copy of the table needs.
    """
    size, free = _gigabytes(rewrite.bytes), "unknown" if free_bytes is None else _gigabytes(free_bytes)
    if free_bytes is not None and free_bytes < rewrite.bytes:
        raise DatabaseError(
            f"Table users has to be upgraded, which needs {size} more on PostgreSQL's disk until it is done, and "
            f"{free} are free. Make room, and provision again. Nothing was changed."
        )
    minutes = max(1, round(rewrite.bytes / _BYTES_A_MINUTE))
    return (
        f"table users is written anew: about {rewrite.rows:,} rows, {size}. That takes about {minutes} min, in which "
        f"nobody can read it, and {size} more on PostgreSQL's disk until it is done (free: {free})"
    )


def _gigabytes(count: int) -> str:
    return f"{count / 10**9:.1f} GB"


def _free_bytes(admin_url: SecretStr) -> int | None:
    """Return the free bytes of the disk that holds PostgreSQL's data; None where that disk can't be seen from here."""
    with closing(connect(admin_url)) as connection, explained("data folder"), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory'), pg_backend_pid()")
        [(folder, process)] = cursor.fetchall()
        # The folder of another machine or container may have a namesake here, but this session's process doesn't work
        # in that one.
        try:
            return shutil.disk_usage(folder).free if Path(f"/proc/{process}/cwd").samefile(folder) else None
        except OSError:
            return None


def topic(settings: Settings) -> str:
    """Create the topic, or bring it up to its settings, and say which. A topic that was created is written down.

    Raises:
        TopicError: Kafka can't be reached, or refuses.
        DatabaseError: PostgreSQL can't be reached, or has no tables yet.
    """
    shape = TopicShape(
        settings.kafka_topic_partitions, settings.kafka_topic_replicas, settings.kafka_topic_retention_hours
    )
    # An error says everything, in a sentence.
    result = Topic(settings.kafka_bootstrap_servers, settings.kafka_topic, logger=SILENT).provision(shape)
    if result.is_new:
        values = {"topic_id": result.topic_id, "topic": settings.kafka_topic}
        Database(settings.database_url).run("created_topic_record", **values)
    return result.text


def database_name(url: SecretStr) -> str:
    """Give the name of the database in an address, for people to read."""
    return parse_dsn(libpq_address(url)).get("dbname", "postgres")


def main() -> int:
    """Provision everything, a line for each step; a step that fails ends it with one sentence and exit code 1."""
    write = sys.stdout.write
    try:
        settings = read_settings()
        for line in cluster(settings):
            write(f"{line}\n")
        for line in schema(settings.database_url, settings.database_admin_url):
            write(f"{line}\n")
            # What takes minutes is said before it begins, also where a file takes the lines.
            sys.stdout.flush()
        write(f"{topic(settings)}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
