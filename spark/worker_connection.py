"""The connection to PostgreSQL that a Python worker keeps from task to task, and throws away after any error."""

from collections.abc import Iterator
from contextlib import contextmanager

from sql.connection import Connection, Cursor, connect

_kept: list[Connection] = []


@contextmanager
def transaction(url: str, name: str) -> Iterator[Cursor]:
    """Return a cursor of a transaction, which is committed at the end, or rolled back and its connection closed.

    Args:
        url: of the database; read anew by each new connection, as passwords change.
        name: of the session in pg_stat_activity, for as long as the transaction lasts.

    Raises:
        psycopg2.Error: PostgreSQL can't be reached, or refuses.
    """
    connection = _kept.pop() if _kept else connect(url, name)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, FALSE)", (name,))
            yield cursor
    except BaseException:
        connection.close()
        raise
    _kept.append(connection)
