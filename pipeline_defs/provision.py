"""Everything that must exist before data flows: roles, databases, tables, the topic. Idempotent.

python -m pipeline_defs.provision
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from psycopg2 import sql as composed
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import SecretStr

import sql
from pipeline_defs import legacy_users
from pipeline_defs.database import connect, explained
from pipeline_defs.errors import PipelineError, SettingsError
from pipeline_defs.kafka_logging import SILENT
from pipeline_defs.kafka_topic import Topic, TopicShape
from pipeline_defs.settings import Settings, libpq_address, read_settings

_SECONDS = 120
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
                cursor.execute(rights, {"database": database, "roles": [owner, *others]})
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


def schema(database_url: SecretStr) -> Iterator[str]:
    """Upgrade a table `users` from before and apply the schema files, all in one transaction, and yield what was done.

    Raises:
        DatabaseError: PostgreSQL can't be reached, or refuses; then nothing was changed.
    """
    files = sql.schema_files()
    with (
        closing(connect(database_url, _SECONDS)) as connection,
        explained("schema"),
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_LOCK)
        upgraded = legacy_users.upgrade(connection)
        for file in files:
            cursor.execute(file.read_text(encoding="utf-8"))
    if upgraded:
        yield upgraded
    yield f"tables of {database_name(database_url)} are there ({len(files)} files applied)"


def topic(settings: Settings) -> str:
    """Create the topic, or bring it up to its settings, and say which.

    Raises:
        TopicError: Kafka can't be reached, or refuses.
    """
    shape = TopicShape(
        settings.kafka_topic_partitions, settings.kafka_topic_replicas, settings.kafka_topic_retention_hours
    )
    # An error says everything, in a sentence.
    return Topic(settings.kafka_bootstrap_servers, settings.kafka_topic, logger=SILENT).provision(shape)


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
        for line in schema(settings.database_url):
            write(f"{line}\n")
        write(f"{topic(settings)}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
