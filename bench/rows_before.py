"""Millions of rows that are in `users` before a run begins."""

from bench import people
from bench.people import Mixture
from bench.servers import Servers
from contract.person import PERSON
from contract.rejection import Rejection
from sql.copy_text import copy

_POOL = 5000
_OF_ANOTHER = 30_000_000  # numbers of people who are in no backlog


def write(servers: Servers, count: int) -> None:
    """Write so many people with uuids of their own, and leave the table as autovacuum would."""
    parsed = [PERSON.parse(value) for _, value, _ in people.records(_POOL, Mixture(), _OF_ANOTHER)]
    rows = [row for row in parsed if not isinstance(row, Rejection)]
    others = ", ".join(column for column in PERSON.columns if column != "uuid")
    with servers.database() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE pool (LIKE users) ON COMMIT DROP")
        cursor.execute("ALTER TABLE pool ALTER id DROP NOT NULL")
        copy(cursor, "pool", PERSON.columns, rows)
        cursor.execute(
            f"INSERT INTO users (uuid, {others}) SELECT gen_random_uuid(), {others} "  # noqa: S608 - columns of ours
            "FROM pool, generate_series(1, %s) LIMIT %s",
            (count // len(rows) + 1, count),
        )
    servers.as_superuser("VACUUM (ANALYZE) users", "project_streaming")
    servers.settle()
