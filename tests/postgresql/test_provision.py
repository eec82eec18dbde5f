"""What `provision` makes of an empty database, and who may do what in it."""

from contextlib import closing

import psycopg2
import pytest

from pipeline_defs import provision
from pipeline_defs.database import DatabaseError
from pipeline_defs.kafka_topic import Provisioned, Topic
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


# The ledger

_LEDGER = (
    "INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset) VALUES ('t', 'id', 0, 5, 5)"
)


@pytest.mark.parametrize(
    ("totals", "constraint"),
    [
        ("next_offset = 15, records = 5, inserted = 5", "stream_offsets_balance"),
        ("next_offset = 15, records = 10, inserted = 5", "stream_offsets_records"),
        ("next_offset = 15, records = 10, inserted = 10, skipped = 1", "stream_offsets_balance"),
        ("next_offset = 15, records = 9, inserted = 10, skipped = 1", "stream_offsets_records"),
        ("records = 1, skipped = -1, inserted = 1", "stream_offsets_skipped_check"),
        ("records = -1, skipped = 1, inserted = -1", "stream_offsets_.*_check"),
    ],
)
def test_ledger_must_add_up(database: Database, totals: str, constraint: str):
    database.run(_LEDGER)
    with pytest.raises(psycopg2.errors.CheckViolation, match=constraint):
        database.run(f"UPDATE stream_offsets SET {totals}", role="users_stream")


def test_ledger_that_adds_up_is_taken(database: Database):
    database.run(_LEDGER)
    totals = "next_offset = 17, records = 10, inserted = 6, duplicates = 3, rejected = 1, skipped = 2"
    database.run(f"UPDATE stream_offsets SET {totals}", role="users_stream")
    database.run("UPDATE stream_offsets SET next_offset = 18, skipped = 3", role="users_stream")


def test_rejected_record_may_be_unprocessable(database: Database):
    database.run(
        'INSERT INTO rejected_records (topic, topic_id, partition, "offset", reason, detail) '
        "VALUES ('t', 'id', 0, 1, 'unprocessable', '')",
        role="users_stream",
    )


def test_new_ids_have_64_bits(database: Database):
    database.run(f"SELECT setval('users_id_seq', {2**31 - 1})")
    insert = "INSERT INTO users (uuid) VALUES (gen_random_uuid()) RETURNING id"
    assert database.run(insert) == [{"id": 2**31}]


# The stream's role


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE own (id INT)",
        "UPDATE rejected_records SET replayed_at = now()",
        "SELECT FROM replays",
        "UPDATE skipped_offsets SET checked_at = now()",
        "INSERT INTO created_topics VALUES ('id', 't')",
        "UPDATE stream_state SET wanted = 'running'",
    ],
)
def test_stream_may_not(database: Database, statement: str):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.run(statement, role="users_stream")


# The topic


def test_created_topic_is_written_down(database: Database, monkeypatch: pytest.MonkeyPatch):
    created = iter([Provisioned("abc", is_new=True, text="created"), Provisioned("def", is_new=False, text="there")])
    monkeypatch.setattr(Topic, "provision", lambda *_: next(created))
    settings = database.settings
    assert [provision.topic(settings), provision.topic(settings)] == ["created", "there"]
    rows = database.run(
        "SELECT topic_id, topic, created_at IS NOT NULL AS dated FROM created_topics", role="users_stream"
    )
    assert rows == [{"topic_id": "abc", "topic": settings.kafka_topic, "dated": True}]


def test_other_provision_is_waited_for_in_a_sentence(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provision, "_LOCK", provision._LOCK.replace("120s", "100ms"))
    with closing(database.connect()) as other, other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7265, 1)")
        with pytest.raises(DatabaseError, match="Another provision is at work still"):
            database.provision()
