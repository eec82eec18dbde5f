"""How many rows of `users` came from Kafka, and what the books said at the same moment."""

import psycopg2.errors

from pipeline_defs.database import DatabaseError, Row, Session

# PostgreSQL ends a statement of a check then.
_STATEMENT_SECONDS = 10


def count_rows(session: Session) -> Row:
    """Return the last count of `users_counted`, a new one once a minute.

    New rows only are read, as long as that tells how many there are. All are read once a day, after some were erased on
    purpose, and where the count of new rows and the books disagree: nobody is alarmed by half of the evidence.
    """
    recent = session.run("proof_last_count")
    if recent:
        return recent[0]
    [base] = session.run("proof_count_base") or [None]
    count = _count_new(session, base) if base else None
    if base and count and not base["is_due"] and agrees(count):
        return count
    if base is None or base["may_read_all"]:
        return _count_all(session) or _miss(session, base)
    return count or base


def agrees(count: Row) -> bool:
    """Return whether there are as many rows as the books say."""
    return count["from_kafka"] == expected(count)


def expected(count: Row) -> int:
    """Return how many rows there are by the books."""
    return count["inserted"] + count["replayed"] - count["erased"]


def _miss(session: Session, base: Row | None) -> Row:
    """Write down that not all rows could be read, and return what is known in spite of it."""
    missed = session.run("proof_count_missed", seconds=_STATEMENT_SECONDS)[0]
    return (_count_new(session, base) if base else None) or missed


def _count_new(session: Session, base: Row) -> Row | None:
    kept = ("settled_id", "settled_rows", "last_id", "horizon", "erased", "all_read_at")
    return _unless_too_slow(session, "proof_count_new", {name: base[name] for name in kept})


def _count_all(session: Session) -> Row | None:
    return _unless_too_slow(session, "proof_count", {})


def _unless_too_slow(session: Session, name: str, values: dict[str, object]) -> Row | None:
    try:
        [count] = session.run(name, **values) or [None]
    except DatabaseError as error:
        if not isinstance(error.__cause__, psycopg2.errors.QueryCanceled):
            raise
        return None
    return count
