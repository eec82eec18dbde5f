"""The stream's connections to PostgreSQL: all with time limits, and their errors by what can be done about them."""

from collections.abc import Callable
from typing import TypeVar

import psycopg2
import psycopg2.extensions

from spark.retry import retry

Result = TypeVar("Result")
Connection = psycopg2.extensions.connection
Cursor = psycopg2.extensions.cursor

# By class of SQLSTATE: connection, read-only as during a failover, idle in a transaction, rollback (deadlock,
# serialization), resources, lock, operator, system.
_PASSING_CLASSES = ("08", "25006", "25P03", "40", "53", "55", "57", "58")
# What a row itself can cause: data, constraint, a value too large for an index, trigger.
_GUILTY_CLASSES = ("22", "23", "54000", "P0")
# A fault of the whole table that looks like a row's: the sequence of the ids is at its end. To reject every person for
# it would look like health.
_NOBODYS_FAULT = "2200H"
_UNIQUE_VIOLATION = "23505"


def connect(url: str, name: str, *, statement_seconds: int = 60) -> Connection:
    """Open a connection that shows up as `name` in pg_stat_activity.

    Raises:
        psycopg2.OperationalError: PostgreSQL can't be reached within 5 s, or refuses.
    """
    limits = {
        "lock_timeout": "20s",
        "statement_timeout": f"{statement_seconds}s",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
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


def is_passing(error: psycopg2.Error) -> bool:
    """Tell whether the same work may succeed a little later."""
    if error.pgcode is None:
        # No answer of a server, but of the connection: refused, cut, timed out.
        return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return error.pgcode.startswith(_PASSING_CLASSES)


def is_guilty(error: psycopg2.Error) -> bool:
    """Tell whether a row is to blame for it."""
    code = error.pgcode
    if code == _UNIQUE_VIOLATION:
        return not _is_of_id(error)
    return code is not None and code.startswith(_GUILTY_CLASSES) and code != _NOBODYS_FAULT


def _is_of_id(error: psycopg2.Error) -> bool:
    """Tell whether it was the id that is there already: then the sequence is behind the rows. Unknown counts as yes."""
    return "(id)=" in (error.diag.message_detail or "(id)=")


def persist(work: Callable[[], Result], seconds: float) -> Result:
    """Do the work again, with growing pauses, while it fails for a reason that may pass.

    Raises:
        psycopg2.Error: the last failure, when `seconds` have gone by or it is of another kind.
    """
    return retry(work, seconds, psycopg2.Error, is_passing)
