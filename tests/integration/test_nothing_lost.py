"""The check sees that all is well, and sees it when it is not."""

import psycopg2

from tests.integration import proof
from tests.integration.stack import Stack
from tests.waiting import until

_HIDE = """
SET session_replication_role = replica;
CREATE TABLE hidden AS SELECT * FROM users ORDER BY id DESC LIMIT 1;
DELETE FROM users USING hidden WHERE users.id = hidden.id
"""
_PUT_BACK = "INSERT INTO users SELECT * FROM hidden ON CONFLICT DO NOTHING; DROP TABLE hidden"


def execute(stack: Stack, statement: str) -> None:
    connection = psycopg2.connect(stack.superuser_url("project_streaming"), connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def test_a_row_that_vanishes_behind_the_books_is_noticed(stack: Stack) -> None:
    until(lambda: stack.one("SELECT count(*) FROM users") >= 10, "ten rows")
    until(lambda: stack.check("users", "nothing_lost") == "passed", "nothing_lost green", 600)
    assert stack.check("users", "rejected_rate") != "nothing yet"
    execute(stack, _HIDE)
    try:
        until(lambda: stack.check("users", "nothing_lost") == "failed", "nothing_lost red", 600)
    finally:
        execute(stack, _PUT_BACK)
    until(lambda: stack.check("users", "nothing_lost") == "passed", "nothing_lost green again", 600)


def test_a_row_that_somebody_erases_is_accounted_for(stack: Stack) -> None:
    until(lambda: stack.one("SELECT count(*) FROM users") >= 10, "ten rows")
    erased = stack.one("SELECT count(*) FROM users_erased")
    stack.query("DELETE FROM users WHERE id = (SELECT max(id) FROM users)")
    assert stack.one("SELECT count(*) FROM users_erased") == erased + 1
    until(lambda: proof.complaint(stack) == "", "nothing_lost green")
