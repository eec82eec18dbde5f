"""What `provision` makes of an empty database, and who may do what in it."""

from contextlib import closing

import psycopg2
import pytest

from tests.postgresql.server import Database

_OBJECTS = """
SELECT relname, relkind, relfilenode FROM pg_class
WHERE relnamespace = 'public'::regnamespace ORDER BY relname
"""


def test_a_second_provision_changes_nothing(database: Database):
    before = database.run(_OBJECTS)
    assert {"users", "stream_offsets", "rejected_records"} <= {row["relname"] for row in before}
    database.provision()
    assert database.run(_OBJECTS) == before


def test_the_role_of_the_stream_may_insert_people_and_not_change_or_delete_them(database: Database):
    database.run("INSERT INTO users (uuid) VALUES (gen_random_uuid())", role="users_stream")
    assert database.value("SELECT count(*) FROM users", role="users_stream") == 1
    for statement in ("UPDATE users SET age = 1", "DELETE FROM users", "DROP TABLE users"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            database.run(statement, role="users_stream")


def test_other_roles_may_not_enter(database: Database):
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        database.run("SELECT 1", role="dagster")


def test_a_session_that_forgets_its_transaction_is_ended(database: Database):
    with closing(psycopg2.connect(database.url())) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
