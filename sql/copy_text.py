"""Rows → PostgreSQL by COPY, in its text format."""

import io
import re
from collections.abc import Iterable, Sequence

from sql.connection import Cursor

Value = str | int | bytes | None

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def copy(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    """Write rows into a table, and return how many PostgreSQL took: a trigger may leave some out.

    Args:
        cursor: of the transaction.
        table: its name.
        columns: in the order of each row's values.
        rows: values; text without U+0000.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    text = "".join(map(copy_line, rows)).encode()
    cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.BytesIO(text), size=2**18)
    return cursor.rowcount


def copy_line(values: Sequence[Value]) -> str:
    """Return a row as a line of COPY's text format."""
    fields = [value if type(value) is str else _field(value) for value in values]
    text = "".join(fields)
    # Nothing to escape, as nearly always: a tab, a line feed and a carriage return are not printable.
    if not text.isprintable() or "\\" in text:
        fields = [_escape(value) if type(value) is str else _field(value) for value in values]
    return "\t".join(fields) + "\n"


def _field(value: Value) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    return str(value)


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)
