"""What may be asked of a replay, what it says, and which records it takes for rows."""

import pytest

from contract.contract import Contract, Row
from contract.insertion import Candidate
from contract.rejection import REASONS, Rejection
from pipeline_defs import replay
from pipeline_defs.database import DatabaseError
from pipeline_defs.replay import Place, Record, Replayer, ReplayError, Request, Result, parse

NOT_JSON = Rejection("not_json", "the value is not JSON")


def _parse(value: bytes | None) -> Row | Rejection:
    if value is None:
        return Rejection("tombstone", "the record has no value")
    return NOT_JSON if value == b"bad" else (value.decode(), f"{value.decode()}@x.org")


CONTRACT = Contract("people", ("uuid", "email"), _parse)


def record(offset: int, payload: bytes | None, reason: str = "too_long") -> Record:
    payload_as_read = None if payload is None else memoryview(payload)
    return Record(Place("A", 0, offset), "2026-05-04 12:00:00+00", payload_as_read, reason, "by another parser")


@pytest.mark.parametrize("reason", [None, *REASONS])
def test_request_reason(reason: str | None):
    assert Request(reason=reason).reason == reason


@pytest.mark.parametrize("reason", ["", "too long", "TOO_LONG", "duplicate_key"])
def test_request_unknown_reason(reason: str):
    with pytest.raises(ReplayError, match=f"reason is '{reason}', which there is not") as refusal:
        Request(reason=reason)
    assert all(allowed in str(refusal.value) for allowed in REASONS)


def test_result_text():
    result = Result(found=9, inserted=2, duplicates=1, still_rejected=3)
    assert str(result) == "6 of 9 records: 2 inserted, 1 duplicates, 3 still rejected"


def test_parse_rows_and_rejections():
    candidates, rejections = parse(CONTRACT, [record(1, b"ada"), record(4, b"bad"), record(7, None)])
    assert candidates == [Candidate(1, "2026-05-04 12:00:00+00", ("ada", "ada@x.org"))]
    assert rejections == {4: NOT_JSON, 7: Rejection("tombstone", "the record has no value")}


def test_parse_unprocessable():
    """Its payload is not whole, so it stays what it was, whatever a parser would say."""
    candidates, rejections = parse(CONTRACT, [record(1, b"ada", "unprocessable")])
    assert candidates == []
    assert rejections == {1: Rejection("unprocessable", "by another parser")}


def test_unreachable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replay, "_RETRY_SECONDS", 0)
    # Nobody listens on port 1.
    nowhere = Replayer("postgresql://pipeline@127.0.0.1:1/nowhere", print)
    with pytest.raises(DatabaseError, match=r"PostgreSQL, replay_rejected: .*refused.*DATABASE_URL"):
        nowhere.run(Request(), "a test")
