"""The tables of version 0.1.0, as its own SQL made them, with people, a ledger and a stream that is wanted."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2

from tests.postgresql.server import Database

CODE_VERSION = "0123456789ab"

_FOLDER = Path(__file__).parent
_ROWS = """
INSERT INTO users (uuid, email, kafka_partition, kafka_offset)
SELECT md5(n::TEXT)::UUID, 'ana.' || n || '@example.com', 0, n FROM generate_series(1, 30) AS n;

INSERT INTO stream_offsets (
    topic, topic_id, partition, first_offset, next_offset, inserted, duplicates, rejected, skipped
)
VALUES ('random-user', 'abc', 0, 0, 40, 30, 5, 3, 2), ('random-user', 'abc', 1, 7, 7, 0, 0, 0, 0);

INSERT INTO skipped_offsets (topic_id, partition, from_offset, to_offset, reason)
VALUES ('abc', 0, 20, 21, 'no_record');

INSERT INTO rejected_records (topic, topic_id, partition, "offset", payload, reason, detail)
SELECT 'random-user', 'abc', 0, n, 'x', 'not_json', '' FROM generate_series(37, 39) AS n;
"""


def statement(name: str) -> str:
    """Return one of its statements."""
    return (_FOLDER / "statements" / f"{name}.sql").read_text(encoding="utf-8")


def provision(database: Database) -> None:
    """Apply its schema files, as its `provision` does: in one transaction, and after it has granted the rights."""
    database.run(f"GRANT TEMPORARY ON DATABASE {database.name} TO users_stream", role="postgres")
    with closing(psycopg2.connect(database.url())) as connection, connection, connection.cursor() as cursor:
        for file in sorted((_FOLDER / "schema").glob("*.sql")):
            cursor.execute(file.read_text(encoding="utf-8"))


def fill(database: Database) -> None:
    """Write what its stream has written, and the start of its driver."""
    database.run(_ROWS)
    start_driver(database, CODE_VERSION)


def start_driver(database: Database, code_version: str) -> None:
    """Write what its driver writes when it starts, each statement a transaction of its own."""
    [start] = database.run(statement("stream_start_record"), {"driver_id": "driver-1"}, role="users_stream")
    described = {"id": start["id"], "application_id": "app-1", "code_version": code_version}
    database.run(statement("stream_start_describe"), described, role="users_stream")


def write_batch(database: Database, offsets: Sequence[int]) -> None:
    """Write people with these offsets of partition 0 as its sink does: one transaction."""
    place = {"topic": "random-user", "topic_id": "abc", "partition": 0}
    with (
        closing(psycopg2.connect(database.url("users_stream"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement("stream_ledger_lock"), place)
        cursor.execute(statement("stream_batch_create"))
        for offset in offsets:
            cursor.execute('INSERT INTO stream_batch ("offset", uuid) VALUES (%s, gen_random_uuid())', (offset,))
        ends = {"from_offset": offsets[0], "to_offset": offsets[-1]}
        cursor.execute(statement("stream_batch_insert"), place | ends)
        cursor.execute(statement("stream_batch_judge"))
        totals = {"inserted": len(offsets), "duplicates": 0, "rejected": 0, "skipped": 0}
        cursor.execute(statement("stream_ledger_advance"), place | totals | {"next_offset": offsets[-1] + 1})
