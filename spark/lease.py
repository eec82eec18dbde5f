"""The right to be the stream: one driver holds it, and only while it is wanted."""

from spark.database import Connection
from sql import statement

# How long the lease stays good without a word from its holder.
WHILE_STARTING = "180s"
WHILE_RUNNING = "20s"


def refusal(session: Connection, start_id: int) -> str | None:
    """Take the lease for as long as the session lives, or say why it is refused."""
    if not is_wanted(session, start_id):
        return (
            "The stream is not wanted: stream_state says stopped, or that its starts failed too often. "
            "The job start_stream changes that."
        )
    with session.cursor() as cursor:
        cursor.execute(statement("stream_lease_take"))
        taken = cursor.fetchone()
    if taken != (True,):
        return "Another driver holds the lease."
    renew(session, WHILE_STARTING)
    return None


def renew(session: Connection, good_for: str) -> None:
    """Say that the holder is alive.

    Raises:
        psycopg2.Error: the session is over, and the lease with it.
    """
    with session.cursor() as cursor:
        cursor.execute(statement("stream_lease_renew"), {"good_for": good_for})


def is_wanted(session: Connection, start_id: int) -> bool:
    """Tell whether this start of the stream is wanted: only a row that says so means yes.

    A restart is wanted when `restart_at` is younger than the start: then this driver makes room for the next one.
    """
    with session.cursor() as cursor:
        cursor.execute(statement("stream_wanted"), {"start_id": start_id})
        return cursor.fetchone() == (True,)
