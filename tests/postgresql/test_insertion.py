"""What PostgreSQL refuses costs the records that are to blame, and no others."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from contract.contract import Contract
from contract.insertion import Candidate, Insertion, insert
from contract.person import PERSON
from contract.refusals import Refusals, TableFault
from sql.connection import Connection, connect
from tests.postgresql.server import Database
from tests.waiting import until

_ALL = 100
# More than a table may refuse without being at fault itself.
_EVERY_TENTH = set(range(0, _ALL, 10))


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def candidate(offset: int, **columns: str | int | None) -> Candidate:
    """Return a person who has a uuid and an e-mail made of the offset."""
    values = {"uuid": uuid(offset), "email": f"{offset}@x.org", "age": 30, **columns}
    return Candidate(offset, None, tuple(values.get(column) for column in PERSON.columns))


def write(connection: Connection, candidates: Iterable[Candidate], partition: int = 0) -> Insertion:
    """Insert candidates. It is not committed."""
    with connection.cursor() as cursor:
        return insert(cursor, PERSON, partition, list(candidates), Refusals("users"))


def write_a_hundred(database: Database, odd: Mapping[int, Candidate]) -> Insertion:
    """Insert a hundred people, some of them odd, and commit."""
    with closing(connect(database.url("users_stream"), "a test")) as connection, connection:
        return write(connection, (odd.get(offset, candidate(offset)) for offset in range(_ALL)))


def offsets(database: Database) -> set[int]:
    return {row["kafka_offset"] for row in database.run("SELECT kafka_offset FROM users")}


@pytest.mark.parametrize("refused", [set(), {0}, {_ALL - 1}, {3, 4, 50}, _EVERY_TENTH])
def test_refused_rows_are_left_out(database: Database, refused: set[int]):
    database.run("ALTER TABLE users ADD CONSTRAINT grown_up CHECK (age >= 18)")
    insertion = write_a_hundred(database, {offset: candidate(offset, age=3) for offset in refused})
    assert insertion.rejections.keys() == refused
    assert all("SQLSTATE 23514, grown_up" in rejection.detail for rejection in insertion.rejections.values())
    assert set(insertion.inserted) == offsets(database) == set(range(_ALL)) - refused


def test_deferred_constraint_is_checked(database: Database):
    """A constraint that PostgreSQL would check at the commit is checked where its row can still be found."""
    database.run(
        "CREATE TABLE cities (name TEXT PRIMARY KEY); INSERT INTO cities VALUES ('Here');"
        "ALTER TABLE users ADD FOREIGN KEY (city) REFERENCES cities DEFERRABLE INITIALLY DEFERRED"
    )
    insertion = write_a_hundred(database, {7: candidate(7, city="Nowhere"), 8: candidate(8, city="Here")})
    assert insertion.rejections.keys() == {7}
    assert 8 in offsets(database)


def test_other_unique_column_rejects(database: Database):
    """A row that breaks a unique index on another column is its own fault, not a race with another partition."""
    database.run("ALTER TABLE users ADD UNIQUE (email)")
    insertion = write_a_hundred(database, {7: candidate(7, email="3@x.org"), 50: candidate(50, email="3@x.org")})
    assert insertion.rejections.keys() == {7, 50}
    assert "23505" in insertion.rejections[7].detail
    assert 3 in offsets(database)


def test_value_too_large_for_an_index(database: Database):
    database.run("CREATE INDEX ON users (picture_large)")
    hashes = database.value("SELECT string_agg(md5(n::TEXT), '') FROM generate_series(1, 1000) AS n")
    assert write_a_hundred(database, {7: candidate(7, picture_large=hashes)}).rejections.keys() == {7}
    assert offsets(database) == set(range(_ALL)) - {7}


def test_row_that_a_trigger_swallows(database: Database):
    """COPY succeeds with fewer rows; those that are missing are rejected, and never counted as inserted."""
    database.run(
        "CREATE FUNCTION swallow() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER swallow BEFORE INSERT ON users FOR EACH ROW WHEN (new.age = 3) EXECUTE FUNCTION swallow()"
    )
    insertion = write_a_hundred(database, {7: candidate(7, age=3)})
    assert insertion.rejections.keys() == {7}
    assert set(insertion.inserted) == offsets(database) == set(range(_ALL)) - {7}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param("SELECT setval('users_id_seq', 9223372036854775807)", "2200H", id="sequence at its end"),
        pytest.param("SELECT setval('users_id_seq', 1)", "sequence of the ids is behind", id="sequence behind"),
        pytest.param("ALTER TABLE users ADD added INT NOT NULL", "added.*23502", id="column that is not written"),
        pytest.param("REVOKE INSERT ON users FROM users_stream", "42501", id="no right"),
        pytest.param("ALTER TABLE users ADD CONSTRAINT closed CHECK (age > 99)", "23514, closed", id="every row"),
    ],
)
def test_table_fault_rejects_nobody(database: Database, spoil: str, sentence: str):
    database.run("INSERT INTO users (id, uuid) VALUES (2, gen_random_uuid())")
    if "added" in spoil or "closed" in spoil:
        database.run("DELETE FROM users")
    database.run(spoil)
    before = database.value("SELECT count(*) FROM users")
    with pytest.raises(TableFault, match=sentence):
        write_a_hundred(database, {})
    assert database.value("SELECT count(*) FROM users") == before


def test_duplicates_burn_no_id(database: Database):
    many = [candidate(offset) for offset in range(5000)]
    with closing(connect(database.url("users_stream"), "a test")) as connection:
        with connection:
            write(connection, many)
        before = database.value("SELECT last_value FROM users_id_seq")
        with connection:
            again = write(connection, [each._replace(offset=each.offset + 5000) for each in many])
    assert len(again.duplicates) == 5000
    assert database.value("SELECT last_value FROM users_id_seq") == before


def test_first_writer_wins_within_a_batch(database: Database):
    again = {50: candidate(50, uuid=uuid(3), email="3@x.org"), 60: candidate(60, uuid=uuid(3), email="other@x.org")}
    insertion = write_a_hundred(database, again)
    assert insertion.duplicates == [50]
    assert {offset: rejection.reason for offset, rejection in insertion.rejections.items()} == {60: "uuid_conflict"}
    assert offsets(database) == set(range(_ALL)) - {50, 60}


def test_second_writer_follows_a_refused_first(database: Database):
    """Who comes second with a uuid becomes the row, if the table refuses the first."""
    database.run("ALTER TABLE users ADD CHECK (age >= 18)")
    insertion = write_a_hundred(database, {3: candidate(3, age=3), 50: candidate(50, uuid=uuid(3))})
    assert insertion.rejections.keys() == {3}
    assert 50 in offsets(database)


_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the second' AND wait_event_type = 'Lock'"


@pytest.mark.parametrize(
    ("email", "first_commits", "rejected", "first_writer"),
    [
        ("other@x.org", True, {0}, "1@x.org"),
        ("1@x.org", True, set(), "1@x.org"),
        ("other@x.org", False, set(), "other@x.org"),
    ],
)
def test_first_partition_to_commit_wins(
    database: Database, email: str, rejected: set[int], first_writer: str, *, first_commits: bool
):
    url = database.url("users_stream")
    with closing(connect(url, "the first")) as first, closing(connect(url, "the second")) as second:
        write(first, [candidate(1)])
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write, second, [candidate(0, uuid=uuid(1), email=email)], partition=1)
            until(lambda: database.value(_WAITS, role="postgres"), "the second one waits for the first")
            if first_commits:
                first.commit()
            else:
                first.rollback()
            assert writing.result().rejections.keys() == rejected
        second.commit()
    assert [row["email"] for row in database.run("SELECT email FROM users")] == [first_writer]


def test_contract_of_two_columns(database: Database):
    """Nothing in the way in knows people: another contract has its own table and columns."""
    database.run(
        "CREATE TABLE letters (id BIGSERIAL PRIMARY KEY, uuid UUID UNIQUE, email TEXT, kafka_partition INT,"
        "kafka_offset BIGINT, kafka_timestamp TIMESTAMPTZ);"
        "GRANT SELECT, INSERT ON letters TO users_stream; GRANT USAGE ON SEQUENCE letters_id_seq TO users_stream"
    )
    contract = Contract("letters", ("email", "uuid"), lambda _: ("a@x.org", uuid(1)))
    letters = [
        Candidate(offset, "2026-01-01T00:00:00+00:00", (f"{offset % 3}@x.org", uuid(offset % 3))) for offset in range(4)
    ]
    with (
        closing(connect(database.url("users_stream"), "a test")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        insertion = insert(cursor, contract, 0, letters, Refusals("letters"))
    assert (sorted(insertion.inserted), insertion.duplicates) == ([0, 1, 2], [3])
