"""The connections of the stream and of the replay to PostgreSQL: their time limits, and what an error means."""

import psycopg2
import psycopg2.extensions

Connection = psycopg2.extensions.connection
Cursor = psycopg2.extensions.cursor

# By class of SQLSTATE: connection, read-only as during a failover, idle in a transaction, rollback (deadlock,
# serialization), resources, lock, operator, system.
_TRANSIENT_CLASSES = ("08", "25006", "25P03", "40", "53", "55", "57", "58")
# What a row itself can cause: data, constraint, a value too large for an index, trigger.
_ROW_CLASSES = ("22", "23", "54000", "P0")
# The sequence of the ids is at its end: in class 22, and no row's fault.
SEQUENCE_EXHAUSTED = "2200H"


def connect(url: str, name: str, *, statement_seconds: int = 60) -> Connection:
    """Return a connection that shows up as `name` in pg_stat_activity.

    Raises:
        psycopg2.OperationalError: PostgreSQL can't be reached within 5 s, or refuses.
    """
    limits = {
        "lock_timeout": "20s",
        "statement_timeout": f"{statement_seconds}s",
        # Longer than the 30 s after which the driver ends the session of a task that stands still.
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        # The server's side of the keepalives below: a client that vanished inside COPY holds its locks, and no
        # timeout of a statement or a transaction fires there.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "15000",
    }
    return psycopg2.connect(
        url,
        application_name=name,
        connect_timeout=5,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=15000,
        client_encoding="UTF8",
        options=" ".join(f"-c {key}={value}" for key, value in limits.items()),
    )


def is_transient(error: psycopg2.Error) -> bool:
    """Return whether the same work may succeed a little later."""
    if error.pgcode is None:
        # No answer of a server, but of the connection: refused, cut, timed out.
        return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return error.pgcode.startswith(_TRANSIENT_CLASSES)


def is_row_error(error: psycopg2.Error) -> bool:
    """Return whether a row may have caused it: then the row can be found, and the others go in without it."""
    code = error.pgcode
    return code is not None and code.startswith(_ROW_CLASSES) and code != SEQUENCE_EXHAUSTED
