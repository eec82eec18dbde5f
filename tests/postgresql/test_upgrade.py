"""The tables of version 0.1.0 become those of now, beside a stream that runs."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2
import pytest

from pipeline_defs import provision
from pipeline_defs.database import DatabaseError
from tests.postgresql import version_0_1_0
from tests.postgresql.server import Database
from tests.waiting import until

_STATE = "SELECT wanted, changed_by, held_since IS NOT NULL AS held FROM stream_state"
_ID_TYPE = """
SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'users'::REGCLASS AND attname = 'id'
"""
_SEQUENCE = "SELECT seqtypid::REGTYPE::TEXT, seqmax FROM pg_sequence WHERE seqrelid = 'users_id_seq'::REGCLASS"
_PEOPLE = "SELECT id, uuid::TEXT, email, kafka_offset, ingested_at FROM users ORDER BY id"
_OBJECTS = "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE ORDER BY relname"
_BLOCKED = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pipeline_defs' AND wait_event_type = 'Lock'"

_RUNNING = {"wanted": "running", "changed_by": "provision", "held": False}
_HELD = {"wanted": "stopped", "changed_by": "provision (upgrade)", "held": True}


@pytest.fixture
def old(empty_database: Database) -> Database:
    version_0_1_0.provision(empty_database)
    version_0_1_0.fill(empty_database)
    return empty_database


@contextmanager
def in_background(database: Database) -> Iterator[Future[list[str]]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(database.provision)


@contextmanager
def locked(database: Database, table: str) -> Iterator[None]:
    """Read a table and go on reading it: whoever changes it waits."""
    with closing(database.connect()) as reader, reader, reader.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        yield


def kill_in_the_middle(database: Database) -> None:
    """Provision, and end its session once the table users is rewritten and a later one is to be changed."""
    with locked(database, "decisions"), in_background(database) as provisioning:
        [blocked] = until(lambda: database.run(_BLOCKED, role="postgres"), "a provision that waits for a lock")
        database.run(f"SELECT pg_terminate_backend({blocked['pid']})", role="postgres")
        with pytest.raises(
            DatabaseError, match=r"(closed the|terminating) connection .* The stream stays stopped until"
        ):
            provisioning.result()


# What becomes of the tables


def test_people_keep_their_ids(old: Database):
    before = old.run(_PEOPLE)
    assert "the ids of table users have 64 bits now" in old.provision()
    assert old.run(_PEOPLE) == before
    assert old.value(_ID_TYPE) == "bigint"
    assert old.run("INSERT INTO users (uuid) VALUES (gen_random_uuid()) RETURNING id") == [{"id": 31}]


def test_ids_go_beyond_32_bits(old: Database):
    old.provision()
    assert tuple(old.run(_SEQUENCE)[0].values()) == ("bigint", 2**63 - 1)
    old.run(f"SELECT setval('users_id_seq', {2**31 - 1})")
    insert = "INSERT INTO users (uuid) VALUES (gen_random_uuid()) RETURNING id"
    assert old.run(insert) == [{"id": 2**31}]


def test_sequence_alone_is_widened(old: Database):
    """Somebody widened the column by hand, and not its sequence."""
    old.run("ALTER TABLE users ALTER COLUMN id TYPE BIGINT")
    assert "the numbers for new ids of table users have 64 bits now" in old.provision()
    assert old.value(_SEQUENCE) == "bigint"


def test_ledger_counts_records(old: Database):
    old.provision()
    assert [row["records"] for row in old.run("SELECT records FROM stream_offsets ORDER BY partition")] == [38, 0]
    named = "SELECT conname FROM pg_constraint WHERE conrelid = 'stream_offsets'::REGCLASS AND conname ~ %(pattern)s"
    assert len(old.run(named, {"pattern": "_(records|balance)$"})) == 2


def test_upgraded_tables_are_those_of_a_new_database(old: Database, database: Database):
    columns = """
        SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, column_name
    """
    constraints = """
        SELECT conrelid::REGCLASS::TEXT, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::REGNAMESPACE AND contype <> 'n' ORDER BY conrelid::REGCLASS::TEXT, conname
    """
    grants = """
        SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges
        WHERE grantee = 'users_stream' ORDER BY table_name, column_name, privilege_type
    """
    old.provision()
    for query in (columns, constraints, grants):
        assert old.run(query) == database.run(query)


def test_gaps_from_before_count_as_checked(old: Database):
    old.provision()
    old.run("INSERT INTO skipped_offsets VALUES ('abc', 0, 50, 50, 'no_record')")
    assert [row["checked"] for row in old.run("SELECT checked_at IS NOT NULL AS checked FROM skipped_offsets")] == [
        *(True, False)
    ]


def test_second_upgrade_changes_nothing(old: Database):
    old.provision()
    before = old.run(_OBJECTS)
    [line] = old.provision()
    assert line.startswith("tables of ")
    assert old.run(_OBJECTS) == before


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("CREATE VIEW newest AS SELECT max(id) FROM users", "view newest"),
        ("CREATE MATERIALIZED VIEW newest AS SELECT id FROM users", "materialized view newest"),
        ("CREATE POLICY own ON users USING (id > 0)", "policy own on table users"),
        (
            "CREATE TRIGGER own AFTER UPDATE OF id ON users EXECUTE FUNCTION users_note_erased()",
            "trigger own on table users",
        ),
    ],
)
def test_what_holds_the_id_keeps_it(old: Database, made: str, name: str):
    old.run(made)
    assert f"keep 32 bits and end at 2147483647, because of {name}." in "\n".join(old.provision())
    assert old.value(_ID_TYPE) == "integer"
    assert old.value("SELECT sum(records) FROM stream_offsets") == 38, "the rest is upgraded"
    assert old.run(_STATE) == [_RUNNING]
    with locked(old, "users"):
        assert any("keep 32 bits" in line for line in old.provision()), "warned again, and the table is left alone"


def test_id_is_widened_once_the_view_is_gone(old: Database):
    old.run("CREATE VIEW newest AS SELECT max(id) FROM users")
    old.provision()
    old.run("DROP VIEW newest")
    old.provision()
    assert old.value(_ID_TYPE) == "bigint"


def test_foreign_key_follows_the_id(old: Database):
    old.run("CREATE TABLE visits (person INT REFERENCES users); INSERT INTO visits VALUES (7)")
    old.provision()
    assert old.value(_ID_TYPE) == "bigint"
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        old.run("INSERT INTO visits VALUES (999)")


# The stream meanwhile


def test_stream_is_stopped_and_wanted_again(old: Database):
    assert old.provision()[0] == "the stream is stopped for an upgrade of the tables, and wanted again after it"
    assert old.run(_STATE) == [_RUNNING]
    assert old.value("SELECT restart_at IS NOT NULL FROM stream_state"), "a driver that froze makes room"


def test_stream_stopped_by_a_person_stays_stopped(old: Database):
    wish = {"wanted": "stopped", "changed_by": "stop_stream run 1", "code_version": None}
    old.run(version_0_1_0.statement("stream_state_want"), wish)
    old.provision()
    assert old.run(_STATE) == [{"wanted": "stopped", "changed_by": "stop_stream run 1", "held": False}]


def test_upgrade_waits_for_the_driver(old: Database):
    driver = psycopg2.connect(old.url("users_stream"))
    with closing(driver), in_background(old) as provisioning:
        until(lambda: old.value("SELECT wanted FROM stream_state") == "stopped", "the stream to be stopped")
        assert old.run(_STATE) == [_HELD]
        assert old.value(_ID_TYPE) == "integer"
        driver.close()
        provisioning.result()
    assert old.value(_ID_TYPE) == "bigint"


def test_driver_that_does_not_end_is_passed_by(old: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provision, "_STREAM_SECONDS", 0)
    with closing(psycopg2.connect(old.url("users_stream"))):
        old.provision()
    assert old.run(_STATE) == [_RUNNING]


def test_killed_upgrade_is_ended_by_the_next(old: Database):
    kill_in_the_middle(old)
    assert old.value(_ID_TYPE) == "integer"
    assert old.run(_STATE) == [_HELD]

    old.provision()

    assert old.value(_ID_TYPE) == "bigint"
    assert old.value("SELECT count(*) FROM users") == 30
    assert old.run(_STATE) == [_RUNNING]


def test_stop_during_the_upgrade_is_kept(old: Database):
    kill_in_the_middle(old)
    wish = {"wanted": "stopped", "changed_by": "stop_stream run 1", "code_version": None}
    old.run(version_0_1_0.statement("stream_state_want"), wish)
    old.provision()
    assert old.run(_STATE) == [{"wanted": "stopped", "changed_by": "stop_stream run 1", "held": False}]


def test_table_in_use_is_left_alone(old: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provision, "_IN_USE_SECONDS", 0)
    with locked(old, "users"), pytest.raises(DatabaseError, match=r"is in use.* The stream stays stopped until"):
        old.provision()
    assert old.value(_ID_TYPE) == "integer"
    assert old.run(_STATE) == [_HELD]


def test_table_that_gets_free_is_upgraded(old: Database):
    with in_background(old) as provisioning:
        with locked(old, "users"):
            until(lambda: old.run(_BLOCKED, role="postgres"), "a provision that waits for a lock")
        provisioning.result()
    assert old.value(_ID_TYPE) == "bigint"


# Room and time


def test_full_disk_is_refused_before_anything(old: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provision, "_LARGE_BYTES", 0)
    monkeypatch.setattr(provision, "_free_bytes", lambda _: 0)
    settings = old.settings
    with pytest.raises(DatabaseError, match=r"needs 0\.0 GB more on PostgreSQL's disk .* 0\.0 GB are free"):
        list(provision.schema(settings.database_url, settings.database_admin_url))
    assert old.value("SELECT wanted FROM stream_state") == "running"


@pytest.mark.parametrize("known", [True, False])
def test_large_table_is_announced(old: Database, monkeypatch: pytest.MonkeyPatch, known: bool):  # noqa: FBT001
    old.run("ANALYZE users")
    monkeypatch.setattr(provision, "_LARGE_BYTES", 0)
    settings = old.settings
    lines = provision.schema(settings.database_url, settings.database_admin_url if known else None)
    first = next(lines)
    assert first.startswith("table users is written anew: about 30 rows, 0.0 GB. That takes about 1 min, in which")
    assert first.endswith("(free: unknown)") is not known
    assert old.value(_ID_TYPE) == "integer", "said beforehand"
    list(lines)


# The version before


def test_older_provision_is_refused(old: Database):
    old.provision()
    before = old.run(_OBJECTS)
    with pytest.raises(psycopg2.errors.RaiseException, match="of a newer version of the pipeline than this one"):
        version_0_1_0.provision(old)
    assert old.run(_OBJECTS) == before
    assert old.run(_STATE) == [_RUNNING]


def test_older_job_may_still_stop_the_stream(old: Database):
    old.provision()
    wish = {"wanted": "stopped", "changed_by": "stop_stream run 1", "code_version": None}
    old.run(version_0_1_0.statement("stream_state_want"), wish)
    assert old.value("SELECT wanted FROM stream_state") == "stopped"


def test_older_driver_is_refused_at_its_start(old: Database):
    old.provision()
    with pytest.raises(psycopg2.errors.RaiseException, match="of a newer version of the pipeline than this stream"):
        version_0_1_0.start_driver(old, version_0_1_0.CODE_VERSION)
    version_0_1_0.start_driver(old, "ba9876543210")


def test_older_sink_writes_nothing(old: Database):
    version_0_1_0.write_batch(old, range(40, 45))
    old.provision()
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="temporary tables"):
        version_0_1_0.write_batch(old, range(45, 50))
    old.run(f"GRANT TEMPORARY ON DATABASE {old.name} TO users_stream")
    with pytest.raises(psycopg2.errors.CheckViolation, match="of a newer version of the pipeline than this stream"):
        version_0_1_0.write_batch(old, range(45, 50))
    assert old.value("SELECT count(*) FROM users") == 35
    assert old.value("SELECT next_offset FROM stream_offsets WHERE partition = 0") == 45
