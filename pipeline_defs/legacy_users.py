"""A table `users` from before this pipeline → the table that the stream writes to, all in the caller's transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2.errors
import psycopg2.extensions
from psycopg2.extras import RealDictCursor

import sql
from pipeline_defs.database import DatabaseError

# As old as pg_input_is_valid, which tells whether a value can be cast.
_OLDEST_VERSION = 16
# Casting and indexing ten million rows takes minutes. Times are read and written as UTC. PostgreSQL gives up within
# seconds when this program is killed: without that, it would write to the end, and only then take it all back.
_LIMITS = """
SET LOCAL statement_timeout = '{statement_timeout}';
SET LOCAL client_connection_check_interval = '5s';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
"""
_UNCHANGED = "Nothing was changed."


class TableInUseError(DatabaseError):
    """Somebody reads or writes a table that has to be changed. It may be free a moment later."""


@dataclass(frozen=True)
class Rewrite:
    """What it takes to write the table anew: its rows, estimated, and the bytes that it and its indexes have."""

    rows: int
    bytes: int


def needed_rewrite(connection: psycopg2.extensions.connection) -> Rewrite | None:
    """Return what the upgrade will rewrite, read from the catalog; None where there is no table, or nothing to rewrite.

    Raises:
        DatabaseError: the table can't be upgraded.
    """
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        if not (_is_ours(cursor) and (_needs_conversion(cursor) or _rows(cursor, "legacy_narrow")[0]["ids"])):
            return None
        _refuse_what_cannot_be_cast(cursor)
        [size] = _rows(cursor, "legacy_size")
        return Rewrite(size["row_count"], size["bytes"])


def upgrade(connection: psycopg2.extensions.connection) -> list[str]:
    """Bring the table to the shape of `schema/010_users.sql`, and move rows that break its rules to another table.

    Whether there is anything to do is asked of the catalog, at no cost whatever the size of the table.

    Args:
        connection: whose transaction the caller commits, or rolls back when this raises.

    Returns:
        What was done, and what could not be, each a sentence; empty where there is no table yet, or nothing to say.

    Raises:
        TableInUseError: somebody reads or writes the table.
        DatabaseError: the table can't be upgraded, or its rows don't add up afterwards.
    """
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        if not _is_ours(cursor):
            return []
        lines = []
        [narrow] = _rows(cursor, "legacy_narrow")
        with _explained():
            if _needs_conversion(cursor):
                _refuse_what_cannot_be_cast(cursor)
                cursor.execute(_LIMITS.format(statement_timeout="1h"))
                lines.append(_move_and_convert(cursor))
                cursor.execute(sql.statement("legacy_widen_sequence"))
            elif narrow["ids"] or narrow["sequence"]:
                lines.append(_widen(cursor, ids=narrow["ids"]))
        return [*lines, _warning(narrow["held_by"])] if narrow["held_by"] else lines


def _is_ours(cursor: RealDictCursor) -> bool:
    """Return whether there is a table, and make the temporary tables that describe its columns.

    Raises:
        DatabaseError: this role may not change what has its name.
    """
    if not (tables := _rows(cursor, "legacy_table")):
        return False
    _refuse_what_is_not_ours(tables[0])
    cursor.execute(sql.statement("legacy_columns"))
    return True


def _needs_conversion(cursor: RealDictCursor) -> bool:
    return _rows(cursor, "legacy_needed")[0]["needed"] or not _rows(cursor, "users_unique_index")[0]["guarded"]


def _refuse_what_cannot_be_cast(cursor: RealDictCursor) -> None:
    problems = [row["problem"] for row in _rows(cursor, "legacy_problems")]
    if cursor.connection.server_version < _OLDEST_VERSION * 10_000:
        problems.append(f"that takes PostgreSQL {_OLDEST_VERSION} or newer")
    if problems:
        raise DatabaseError(f"Table users can't be upgraded: {'; '.join(problems)}. {_UNCHANGED}")


def _widen(cursor: RealDictCursor, *, ids: bool) -> str:
    cursor.execute(_LIMITS.format(statement_timeout="30min"))
    if ids:
        cursor.execute(sql.statement("legacy_lock"))
        cursor.execute(sql.statement("legacy_widen_ids"))
    cursor.execute(sql.statement("legacy_widen_sequence"))
    return f"{'the ids of table users' if ids else 'the numbers for new ids of table users'} have 64 bits now"


def _warning(held_by: str) -> str:
    return (
        f"warning: the ids of table users keep 32 bits and end at 2147483647, because of {held_by}. Drop what holds "
        "them, provision again, and create it anew."
    )


def _move_and_convert(cursor: RealDictCursor) -> str:
    cursor.execute(sql.statement("legacy_lock"))
    before = _rows(cursor, "legacy_count")[0]["row_count"]
    for step in ("legacy_identify", "legacy_rejected", "legacy_move", "legacy_convert", "legacy_fill"):
        cursor.execute(sql.statement(step))
    kept = _rows(cursor, "legacy_count")[0]["row_count"]
    moved = {row["reason"]: row["row_count"] for row in _rows(cursor, "legacy_moved")}
    if kept + sum(moved.values()) != before:
        raise DatabaseError(
            f"Table users had {before} rows, of which {kept} would be kept and {sum(moved.values())} moved, and that "
            f"does not add up. A trigger or rule on users may be why: remove it and try again. {_UNCHANGED}"
        )
    return summary(before, kept, moved)


def summary(before: int, kept: int, moved: Mapping[str, int]) -> str:
    """Say in one line what became of the rows."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(moved.items()))
    went = f"{sum(moved.values()):,} moved to users_legacy_rejected ({reasons})" if moved else "none moved"
    return f"table users was upgraded: {before:,} rows before, {kept:,} kept, {went}"


def _refuse_what_is_not_ours(table: Mapping[str, Any]) -> None:
    if not table["is_table"]:
        raise DatabaseError(
            f"users of database {table['database']} is no ordinary table. Rename it, and provision again. {_UNCHANGED}"
        )
    if not table["may_change"]:
        raise DatabaseError(
            f"Table users of database {table['database']} belongs to the role {table['owner']}. Run as that role or as "
            f'a superuser: ALTER TABLE users OWNER TO "{table["own_role"]}"; or set DATABASE_ADMIN_URL, and provision '
            f"does it. {_UNCHANGED}"
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the refusals that a table's own content can cause into a sentence; leave the others to the caller."""
    try:
        yield
    except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
        raise TableInUseError(
            "Table users has to be upgraded and is in use. Stop what reads or writes it (the stream: job stop_stream), "
            f"and provision again. {_UNCHANGED}"
        ) from None
    except psycopg2.errors.IntegrityError as error:
        said = ": ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))).rstrip(".")
        raise DatabaseError(
            f"Table users can't be upgraded: {said}. Correct these rows or drop the constraint, and provision again. "
            f"{_UNCHANGED}"
        ) from None


def _rows(cursor: RealDictCursor, statement: str) -> list[Mapping[str, Any]]:
    cursor.execute(sql.statement(statement))
    return list(cursor.fetchall())
