"""The right to be the stream: one driver holds it, and only while it is wanted."""

from spark.database import Connection
from sql import statement

# How long the lease stays good without a word from its holder.
WHILE_STARTING = "180s"
WHILE_RUNNING = "20s"


def refusal(session: Connection) -> str | None:
    """Take the lease for as long as the session lives, or say why it is refused."""
    if not is_wanted(session):
        return "The stream is not wanted: stream_state says stopped. The job start_stream changes that."
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


def is_wanted(session: Connection) -> bool:
    """Tell whether the stream is wanted: only a row that says running means yes."""
    with session.cursor() as cursor:
        cursor.execute(statement("stream_wanted"))
        return cursor.fetchone() == (True,)
