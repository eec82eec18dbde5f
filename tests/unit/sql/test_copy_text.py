"""Rows as lines of COPY's text format."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sql.copy_text import Value, copy_line

VALUES = st.lists(st.one_of(st.none(), st.integers(), st.binary(), st.text(st.characters(exclude_characters="\0"))))
_ESCAPED = re.compile(r"\\(.)")
_MEANING = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        pytest.param(("a", 1, None), "a\t1\t\\N\n", id="plain"),
        pytest.param(("a\tb", "c\nd\re\\"), "a\\tb\tc\\nd\\re\\\\\n", id="escapes"),
        pytest.param(("\\N", ""), "\\\\N\t\n", id="text that looks like NULL"),
        pytest.param((b"\x00\xff", b""), "\\\\x00ff\t\\\\x\n", id="bytes"),
        pytest.param(("José\u2028\u00a0",), "José\u2028\u00a0\n", id="not printable, and no escape"),
    ],
)
def test_line(values: tuple[Value, ...], line: str):
    assert copy_line(values) == line


@given(VALUES.filter(len))
def test_line_is_read_back(values: list[Value]):
    """What PostgreSQL reads by its rules is what was written; tests of the database do the same with the server."""
    fields = copy_line(values)[:-1].split("\t")
    assert [_read(field) for field in fields] == [_as_text(value) for value in values]


def _read(field: str) -> str | None:
    return None if field == r"\N" else _ESCAPED.sub(lambda match: _MEANING[match[1]], field)


def _as_text(value: Value) -> str | None:
    return rf"\x{value.hex()}" if isinstance(value, bytes) else None if value is None else str(value)
