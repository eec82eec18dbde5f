"""Records of every kind: the right row, or the right reason, and never an error."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract import person
from contract.person import COLUMNS, LEAVES, PERSON, parse
from contract.rejection import REASONS, Rejection
from tests.support import reading
from tests.support.generated_records import any_json, mutated_people
from tests.support.records import CASES, GOOD

_TYPES = {"street_number": int, "age": int}
_LONGEST_DETAIL = 120


@pytest.mark.parametrize("name", CASES)
def test_case(name: str):
    case, parsed = CASES[name], parse(CASES[name].value)
    if isinstance(parsed, Rejection):
        assert parsed.reason == case.reason, parsed.detail
        assert case.detail in parsed.detail
    else:
        row = {column: None if value is None else str(value) for column, value in zip(COLUMNS, parsed, strict=True)}
        assert (case.reason, case.row) == (None, {column: row[column] for column in case.row})


def test_whole_row():
    assert parse(GOOD) == (
        *("female", "Ms", "Ada", "Núñez", 12, "Calle Mayor", "Gijón", "Asturias", "Spain", "33201"),
        *("ada.nunez@example.com", "9a700011-0e87-41f1-b1e4-ed1a15226b80", "1992-03-18 17:36:00.197", 34),
        *("985-000-000", "600-000-000", "https://randomuser.me/api/portraits/women/1.jpg", "example.com"),
    )


def test_uuid_in_lower_case():
    row = parse(GOOD.replace(b"9a700011-0e87", b"9A700011-0E87"))
    assert row[COLUMNS.index("uuid")] == "9a700011-0e87-41f1-b1e4-ed1a15226b80"


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_kinds_of_bytes(kind: type[bytes]):
    assert parse(kind(GOOD)) == parse(GOOD)


def test_contract():
    assert (PERSON.table, PERSON.columns, PERSON.parse) == ("users", COLUMNS, parse)
    assert len(COLUMNS) == len(set(COLUMNS)) == 18


@pytest.mark.parametrize("recording", reading.RECORDINGS, ids=lambda path: path.name)
def test_recorded_people(recording: Path):
    """Real people become the row that a second reading of their JSON makes of them."""
    for one in json.loads(recording.read_text(encoding="utf-8"))["results"]:
        value = json.dumps(one, ensure_ascii=False).encode()
        row = dict(zip(COLUMNS, parse(value), strict=True))
        row |= {"uuid": UUID(str(row["uuid"])), "dob_date": reading.moment(str(row["dob_date"]))}
        assert row == reading.row(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(), st.text().map(str.encode), any_json(), mutated_people()))
@example(b'{"a":' * 100_000)
@example(b"[" * 100_000 + b"]" * 100_000)
@example(b'{"dob": %s}' % (b"9" * 100_000))
@example(b'"' + b"\\" * 100_001)
@example(b"[" * 200 + b'"' + b'\\"' * 100_000)
@example(b'{"a": 1e99999999999999999999}')
def test_never_an_error(value: bytes):
    """Whatever a record holds becomes a row, or a rejection with a known reason that quotes nothing at length."""
    parsed = parse(value)
    if isinstance(parsed, Rejection):
        assert parsed.reason in REASONS
        assert 0 < len(parsed.detail) < _LONGEST_DETAIL
        return
    for leaf, column in zip(LEAVES, parsed, strict=True):
        assert type(column) is _TYPES.get(leaf.column, str) or (column is None and leaf.column in ("country", "age"))
        assert leaf.longest is None or len(str(column or "")) <= leaf.longest


@pytest.mark.parametrize("name", CASES)
def test_readers_agree_on_case(name: str):
    _assert_readers_agree(CASES[name].value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(any_json(), mutated_people()))
def test_readers_agree(value: bytes):
    _assert_readers_agree(value)


def _assert_readers_agree(value: bytes | None) -> None:
    """Assert that the strict reader alone would say the same: the fast one changes nothing but the time."""
    if value is not None:
        assert parse(value) == person._parse_strictly(value)
