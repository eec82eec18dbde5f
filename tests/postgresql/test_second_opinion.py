"""PostgreSQL reads the same records by itself: what it takes for a person's row, the parser does, and the reverse."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from psycopg2.extras import execute_values

from contract.person import COLUMNS, LEAVES, parse
from contract.rejection import Rejection
from sql.copy_text import copy
from tests.postgresql.server import Database, fresh
from tests.support.generated_records import mutated_people
from tests.support.records import CASES

_EXAMPLES = 3000
_SECOND_OPINION = (Path(__file__).parent / "second_opinion.sql").read_text(encoding="utf-8")
# NULL for what is no JSON object that PostgreSQL can read; `json` keeps numbers as they are written.
_AS_JSON = """
CREATE FUNCTION as_json(value BYTEA) RETURNS JSON LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_typeof(convert_from(value, 'UTF8')::JSONB) = 'object' THEN
        RETURN convert_from(value, 'UTF8')::JSON;
    END IF;
    RETURN NULL;
EXCEPTION
    WHEN data_exception OR statement_too_complex THEN RETURN NULL;
END $$
"""
_WHITE_SPACE = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())
_BY_DESIGN = {
    "a person, 101 deep": "PostgreSQL has no such limit",
    "a person with a field 990 deep": "PostgreSQL has no such limit",
    "a person with a field 5,000 deep": "PostgreSQL has no such limit",
    "U+0000 that nobody needs": "jsonb refuses it wherever it is",
    **{
        f"{path} is {date!r}": "PostgreSQL's zones end before 16 hours, the parser's at 18"
        for path in ("dob", "dob.date")
        for date in ("1992-03-18T17:36:00-18:00", "1992-03-18T17:36:00.123456789+18:00")
    },
}

Columns = dict[str, str | None]


@pytest.fixture(scope="module")
def people(server: Database) -> Iterator[Database]:
    """A database in which several rows of `users` may have one uuid, as the catalogue's records do."""
    with fresh(server) as database:
        database.provision()
        database.run("DROP INDEX users_uuid_key")
        database.run(_AS_JSON)
        yield database


def ours(database: Database, values: Sequence[bytes | None]) -> dict[int, Columns]:
    """Return the rows that the parser makes, as they come back from the table, by the record's number."""
    parsed = enumerate(map(parse, values))
    rows = [(number, *row) for number, row in parsed if not isinstance(row, Rejection)]
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE users")
        assert copy(cursor, "users", ("kafka_offset", *COLUMNS), rows) == len(rows)
    as_text = ", ".join(f"{column}::TEXT" for column in COLUMNS)
    in_table = database.run(f"SELECT kafka_offset, {as_text} FROM users")
    return {row["kafka_offset"]: {column: row[column] for column in COLUMNS} for row in in_table}


def postgresqls(database: Database, values: Sequence[bytes | None]) -> dict[int, Columns]:
    """Return the rows that PostgreSQL makes, by the record's number."""
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE records (number INT, value BYTEA)")
        execute_values(cursor, "INSERT INTO records VALUES %s", list(enumerate(values)))
        cursor.execute(_SECOND_OPINION, {"white_space": _WHITE_SPACE})
        rows: list[Any] = cursor.fetchall()
        return {row["number"]: row["columns"] for row in rows}


def disagreements(database: Database, values: Sequence[bytes | None]) -> dict[int, str]:
    """Return what each side makes of a record, by the record's number, where that is not the same."""
    left, right = ours(database, values), postgresqls(database, values)
    return {
        number: f"{values[number]!r:.2000}: ours {left.get(number) or parse(values[number])}, "
        f"PostgreSQL's {right.get(number)}"
        for number in left.keys() | right.keys()
        if left.get(number) != right.get(number)
    }


def test_catalogue(people: Database):
    names = list(CASES)
    differences = disagreements(people, [case.value for case in CASES.values()])
    assert {names[number]: text for number, text in differences.items() if names[number] not in _BY_DESIGN} == {}
    assert {names[number] for number in differences} == _BY_DESIGN.keys()


def test_generated_records(people: Database):
    records: list[bytes] = []

    @settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(mutated_people())
    def collect(record: bytes) -> None:
        records.append(record)

    collect()
    # The shortest one is the easiest to understand.
    assert min(disagreements(people, records).values(), key=len, default=None) is None
    # Enough of either kind, or this proves little.
    parsed = [parse(record) for record in records]
    assert len({row.reason for row in parsed if isinstance(row, Rejection)}) > 10
    assert sum(not isinstance(row, Rejection) for row in parsed) > _EXAMPLES / 10


def test_rows_read_back_as_they_are(people: Database):
    """No row changes on its way into the table: not by COPY's escapes, and not by a column that casts it."""
    values = [case.value for case in CASES.values()]
    in_table = ours(people, values)
    for number, value in enumerate(values):
        parsed = parse(value)
        if not isinstance(parsed, Rejection):
            row = dict(zip(COLUMNS, (None if column is None else str(column) for column in parsed), strict=True))
            assert in_table[number] == row, value


def test_leaves_fit_the_table(database: Database):
    """The columns, their order, types and lengths are the table's."""
    columns = database.run(
        "SELECT column_name, data_type, character_maximum_length AS longest FROM information_schema.columns "
        "WHERE table_name = 'users' AND column_name = ANY(%(columns)s) ORDER BY ordinal_position",
        {"columns": list(COLUMNS)},
    )
    assert [row["column_name"] for row in columns] == list(COLUMNS)
    for leaf, column in zip(LEAVES, columns, strict=True):
        assert leaf.longest == column["longest"], leaf.column
        assert (leaf.types == (int,)) == (column["data_type"] == "integer"), leaf.column
