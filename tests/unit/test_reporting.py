from datetime import UTC, datetime, timedelta

import pytest

from pipeline_defs.reporting import Report, due, read_cursor, write_cursor

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("last", "outcome", "expected"),
    [
        (None, "passed", True),
        (Report("passed", (NOW - timedelta(seconds=10)).isoformat()), "passed", False),
        (Report("passed", (NOW - timedelta(seconds=10)).isoformat()), "failed", True),
        (Report("passed", (NOW - MINUTE).isoformat()), "passed", True),
    ],
)
def test_due_on_a_change_and_after_a_while(last: Report | None, outcome: str, *, expected: bool):
    assert due(last, outcome, NOW, MINUTE) is expected


def test_a_cursor_reads_back():
    reports = {"freshness": Report("passed", NOW.isoformat()), "topic_healthy": Report("ERROR", NOW.isoformat())}
    assert read_cursor(write_cursor(reports)) == reports


@pytest.mark.parametrize("cursor", [None, "", "nonsense", "[]", '{"a": 1}', '{"a": {"other": 1}}'])
def test_a_foreign_cursor_is_empty(cursor: str | None):
    assert read_cursor(cursor) == {}
