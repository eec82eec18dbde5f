"""The rows of one partition into `users`: guilty ones are found and left out, the rest goes in.

Shared by the stream's sink and by the replay of rejected records, so that the same rules hold for both.
"""

import psycopg2

from spark.database import Cursor, is_guilty
from sql import statement


def insert(cursor: Cursor, partition: int, from_offset: int, to_offset: int) -> None:
    """Insert a range of the batch's offsets; what does not become a row is in stream_left_out, with its reason.

    A duplicate is left out without a reason. The batch is in the tables that stream_batch_create makes.

    Args:
        cursor: within the transaction that holds the batch.
        partition: the Kafka partition of all of them.
        from_offset: the first offset.
        to_offset: the last one, included.

    Raises:
        psycopg2.Error: PostgreSQL refused for a reason that no row is to blame for.
    """
    _bisect(cursor, partition, from_offset, to_offset)
    cursor.execute(statement("stream_batch_judge"))


def _bisect(cursor: Cursor, partition: int, from_offset: int, to_offset: int) -> None:
    """Insert a range of offsets; if the table refuses it, its halves, down to the guilty record, which is rejected."""
    values = {"partition": partition, "from_offset": from_offset, "to_offset": to_offset}
    cursor.execute("SAVEPOINT attempt; SET CONSTRAINTS ALL IMMEDIATE")
    try:
        cursor.execute(statement("stream_batch_insert"), values)
    except psycopg2.Error as error:
        if not is_guilty(error):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
        if from_offset == to_offset:
            cursor.execute(statement("stream_batch_refuse"), {**values, "detail": _complaint(error)})
        else:
            middle = (from_offset + to_offset) // 2
            _bisect(cursor, partition, from_offset, middle)
            _bisect(cursor, partition, middle + 1, to_offset)
        return
    cursor.execute("RELEASE SAVEPOINT attempt")


def _complaint(error: psycopg2.Error) -> str:
    return f"{error.diag.message_primary} (SQLSTATE {error.pgcode})"
