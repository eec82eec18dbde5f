"""Tables that the project which this one replaces left behind, as SQL, and people to fill them with."""

from dataclasses import dataclass, field

from tests.postgresql.server import Database

# The expression of each column, of the number n.
PEOPLE = {
    "gender": "'female'",
    "name_title": "'Ms'",
    "name_first": "'Ana ' || n",
    "name_last": "'Müller'",
    "street_number": "n % 10000",
    "street_name": "'Calle Mayor'",
    "city": "'Zürich'",
    "state": "'ZH'",
    "country": "'Switzerland'",
    "postcode": "8000 + n % 100",
    "email": "'ana.' || n || '@example.com'",
    "uuid": "md5(n::TEXT)::UUID",
    "dob_date": "TIMESTAMP '1980-02-29 23:59:59.5' + n * INTERVAL '1 day'",
    "age": "30 + n % 40",
    "phone": "'079 ' || n",
    "cell": "'078 ' || n",
    "picture_large": "'https://example.com/' || n || '.jpg'",
}


@dataclass(frozen=True)
class Variant:
    """One way in which such a table was made."""

    name: str
    columns: str
    written: dict[str, str] = field(default_factory=dict)  # by column, the expression where it isn't that of PEOPLE

    @property
    def values(self) -> dict[str, str]:
        """The expression of each column, of the number n."""
        return PEOPLE | self.written

    def create(self, database: Database, role: str = "pipeline") -> None:
        """Make the table, empty."""
        database.run(f"CREATE TABLE users ({self.columns})", role=role)

    def fill(self, database: Database, count: int, first: int = 1) -> None:
        """Insert people with the numbers from `first` on, of whom no rule can complain."""
        values = self.values
        database.run(
            f"INSERT INTO users ({', '.join(values)}) SELECT {', '.join(values.values())} "
            f"FROM generate_series({first}, {first + count - 1}) AS n"
        )


_README = """
    id SERIAL PRIMARY KEY, gender VARCHAR(10), name_title VARCHAR(20), name_first VARCHAR(50), name_last VARCHAR(50),
    street_number INT, street_name VARCHAR(100), city VARCHAR(50), state VARCHAR(50), country VARCHAR(50),
    postcode VARCHAR(20), email VARCHAR(100), uuid UUID, dob_date TIMESTAMP, age INT, phone VARCHAR(20),
    cell VARCHAR(20), picture_large TEXT, email_domain VARCHAR(50)
"""

# As postgresql/sql/create_db.sql of that project has it: uuid as text, no email_domain.
_CREATE_DB = """
    id SERIAL PRIMARY KEY, gender VARCHAR(10), name_title VARCHAR(20), name_first VARCHAR(50), name_last VARCHAR(50),
    street_number INT, street_name VARCHAR(100), city VARCHAR(50), state VARCHAR(50), country VARCHAR(50),
    postcode VARCHAR(20), email VARCHAR(100), dob_date TIMESTAMP, uuid VARCHAR(100), age INT, phone VARCHAR(20),
    cell VARCHAR(20), picture_large TEXT
"""

# As Spark's JDBC append makes a table that isn't there, from that project's schema.
_SPARK = """
    gender TEXT, name_title TEXT, name_first TEXT, name_last TEXT, street_number INTEGER, street_name TEXT, city TEXT,
    state TEXT, country TEXT, postcode INTEGER, email TEXT, uuid TEXT, dob_date TIMESTAMP, age INTEGER, phone TEXT,
    cell TEXT, picture_large TEXT
"""

_ALL_TEXT = ", ".join(f"{name} TEXT" for name in PEOPLE)

_ZONED = _README.replace("dob_date TIMESTAMP", "dob_date TIMESTAMPTZ").replace("id SERIAL", "id BIGSERIAL")

# From this pipeline, before it refused a uuid that is NULL.
_OWN = f"{_README}, ingested_at TIMESTAMPTZ, kafka_partition INT, kafka_offset BIGINT, kafka_timestamp TIMESTAMPTZ"

_TEXTS = {name: f"({expression})::TEXT" for name, expression in PEOPLE.items()}

VARIANTS = [
    Variant("README", _README),
    Variant("create_db.sql", _CREATE_DB),
    Variant("made by Spark", _SPARK),
    Variant(
        "all text",
        _ALL_TEXT,
        _TEXTS | {"dob_date": f'to_char({PEOPLE["dob_date"]}, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'},
    ),
    Variant("times with zone", _ZONED, {"dob_date": f"({PEOPLE['dob_date']}) AT TIME ZONE 'UTC'"}),
    Variant("this pipeline, earlier", _OWN),
]
