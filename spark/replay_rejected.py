"""Rejected records, parsed again with today's code: what is a person now becomes a row of `users`.

Dagster's job replay_rejected writes a row of `replays` and gives this program its number; the answer stands in the same
row. The program runs in one process, beside the stream: Spark's master knows it as a driver, and its Spark is local.

Records are moved a bounded number at a time, each time in one transaction that inserts, marks and counts. So it does
not matter where a replay is killed, nor how often one is asked for: what was moved is marked, and never moved again.
"""

import io
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from pyspark.sql import SparkSession

from spark import lifeline
from spark.cause import cause
from spark.copy_text import lines
from spark.database import Connection, Cursor, connect, persist
from spark.insertion import insert
from spark.parse import parse
from spark.settings import settings
from sql import statement

LOGGER = logging.getLogger("replay_rejected")
Result = TypeVar("Result")

RECORDS_AT_A_TIME = 2000
BYTES_AT_A_TIME = 8 * 2**20
_PERSIST_SECONDS = 60
_LONGEST_ERROR = 2000
_SCHEMA = (
    "partition INT, offset BIGINT, timestamp TIMESTAMP, key BINARY, "
    "headers ARRAY<STRUCT<key: STRING, value: BINARY>>, value BINARY"
)


class ReplayError(Exception):
    """The replay can't begin, or must not go on."""


class Record(NamedTuple):
    """A rejected record: its place, its Kafka timestamp, and its payload."""

    topic_id: str
    partition: int
    offset: int
    kafka_timestamp: Any
    payload: Any


Parse = Callable[[list[Record]], Iterable[bytes]]


def main(replay_id: int) -> int:
    """Carry out a replay and write how it ended. Gives the process's exit code."""
    lifeline.end_with_parent()
    url = settings().database_url
    session = persist(lambda: connect(url, "replay_rejected"), _PERSIST_SECONDS)
    session.autocommit = True
    try:
        begin(session, replay_id)
        builder = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false")
        spark = builder.getOrCreate()
        replay(url, replay_id, lambda records: _parse(spark, records))
        spark.stop()
    except Exception as error:
        LOGGER.exception("The replay failed.")
        _end(url, replay_id, "failed", cause(error)[:_LONGEST_ERROR])
        return 1
    finally:
        session.close()
    return 0


def begin(session: Connection, replay_id: int) -> None:
    """Take the right to replay for as long as the session lives, and count what there is to look at.

    Raises:
        ReplayError: another replay is at work, or this one is over.
    """
    with session.cursor() as cursor:
        cursor.execute(statement("replay_lock"))
        if cursor.fetchone() != (True,):
            raise ReplayError("Another replay is at work. Wait for its end and ask again.")
        cursor.execute(statement("replay_begin"), {"id": replay_id})
        found = cursor.fetchone()
    if found is None:
        raise ReplayError(f"Replay {replay_id} is over, or was never asked for.")
    LOGGER.info("Replay %s: %s rejected records to look at.", replay_id, found[0])


def replay(url: str, replay_id: int, parse_again: Parse, at_a_time: int = RECORDS_AT_A_TIME) -> None:
    """Move what is valid now, and write that it is done.

    Args:
        url: the database.
        replay_id: the number of the replay, which has begun.
        parse_again: gives each record's line for COPY into the batch, as copy_text.lines() makes it.
        at_a_time: how many records a transaction may hold.

    Raises:
        ReplayError: the replay was given up.
        psycopg2.Error: PostgreSQL refused for longer than a minute; what was moved before stays moved.
    """
    for records in _waiting(url, replay_id, at_a_time):
        parsed = b"".join(parse_again(records))
        _transact(url, lambda cursor, records=records, parsed=parsed: _move(cursor, replay_id, records, parsed))
    _end(url, replay_id, "done", None)


def _waiting(url: str, replay_id: int, at_a_time: int) -> Iterator[list[Record]]:
    """Give the records that wait, a bounded number of one partition at a time."""
    after = ("", -1, -1)
    while True:
        values = dict(zip(("topic_id", "partition", "offset"), after, strict=True))
        values |= {"id": replay_id, "records": at_a_time, "bytes": BYTES_AT_A_TIME}
        records = [Record(*row) for row in _transact(url, lambda cursor, values=values: _rows(cursor, values))]
        if not records:
            return
        for _, of_one_partition in groupby(records, key=lambda record: record[:2]):
            yield list(of_one_partition)
        after = records[-1][:3]


def _rows(cursor: Cursor, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    cursor.execute(statement("replay_next"), values)
    return cursor.fetchall()


def _move(cursor: Cursor, replay_id: int, records: list[Record], parsed: bytes) -> None:
    topic_id, partition = records[0].topic_id, records[0].partition
    place = {"topic_id": topic_id, "partition": partition}
    cursor.execute(statement("stream_batch_create"))
    cursor.copy_expert(statement("stream_batch_copy"), io.BytesIO(parsed), size=2**16)
    cursor.execute(statement("replay_trim"), place)
    insert(cursor, partition, records[0].offset, records[-1].offset)
    cursor.execute(statement("replay_mark"), {**place, "id": replay_id})
    totals = cursor.fetchone()
    if totals is None:
        raise ReplayError(f"Replay {replay_id} was given up.")
    LOGGER.info(
        "Partition %s up to offset %s; inserted, duplicates, rejected: %s", partition, records[-1].offset, totals
    )


def _parse(spark: SparkSession, records: list[Record]) -> list[bytes]:
    rows = [
        (record.partition, record.offset, record.kafka_timestamp, None, None, _bytes(record.payload))
        for record in records
    ]
    return [bytes(row.line) for row in lines(parse(spark.createDataFrame(rows, _SCHEMA))).select("line").collect()]


def _bytes(payload: memoryview | None) -> bytearray | None:
    return None if payload is None else bytearray(payload)


def _end(url: str, replay_id: int, outcome: str, error: str | None) -> None:
    values = {"id": replay_id, "outcome": outcome, "error": error and error.replace("\0", "")}
    _transact(url, lambda cursor: cursor.execute(statement("replay_end"), values))


def _transact(url: str, work: Callable[[Cursor], Result]) -> Result:
    """Do something in one transaction on a connection of its own, again while PostgreSQL is away for a moment."""

    def attempt() -> Result:
        connection = connect(url, "replay_rejected")
        try:
            with connection, connection.cursor() as cursor:
                return work(cursor)
        finally:
            connection.close()

    return persist(attempt, _PERSIST_SECONDS)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        code = main(int(sys.argv[1]))
    except Exception:
        LOGGER.exception("The replay could not begin.")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    # Threads that wait for the JVM must not keep the process.
    os._exit(code)
