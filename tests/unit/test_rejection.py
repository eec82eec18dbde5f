"""How much may be rejected, and how a payload is shown."""

from typing import Any

import pytest
from dagster import AssetCheckSeverity

from pipeline_defs import rejection
from pipeline_defs.rejection import Limits

LIMITS = Limits(window_minutes=60, least_records=100, warn_percent=1, fail_percent=10)


@pytest.mark.parametrize(
    ("consumed", "reasons", "expected"),
    [
        (0, {}, "passed"),
        (1000, {}, "passed"),
        (1000, {"not_json": 10}, "passed"),
        (1000, {"not_json": 8, "empty": 3}, "warned"),
        (1000, {"not_json": 100}, "warned"),
        (1000, {"not_json": 101}, "failed"),
        # Few records show no rate.
        (1, {"not_json": 1}, "warned"),
        (99, {"not_json": 99}, "warned"),
        (99, {}, "passed"),
        (100, {"not_json": 10}, "warned"),
        (100, {"not_json": 11}, "failed"),
        # The driver has not told of the batch yet.
        (0, {"not_json": 1}, "warned"),
        (0, {"not_json": 100}, "failed"),
    ],
)
def test_the_share_is_judged(consumed: int, reasons: dict[str, int], expected: str):
    result = rejection.judge(consumed, reasons, [], LIMITS)
    severity = "failed" if result.severity is AssetCheckSeverity.ERROR else "warned"
    assert ("passed" if result.passed else severity) == expected


def test_reasons_are_named_the_commonest_first_and_samples_are_shown():
    sample: dict[str, Any] = {
        "partition": 1, "offset": 7, "reason": "not_json", "detail": "not JSON", "payload": memoryview(b"<")
    }  # fmt: skip
    result = rejection.judge(1000, {"empty": 1, "not_json": 2}, [sample], LIMITS)
    assert "3 of 1000 records of the last 60 minutes were rejected, 0.30 %: 2 not_json, 1 empty." in str(
        result.description
    )
    [record] = result.metadata["samples"].value.records  # type: ignore[union-attr]
    assert record.data == {
        "place": "1/7", "reason": "not_json", "detail": "not JSON", "payload": "<"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (None, "(no value)"),
        (b"", ""),
        ("Zoë".encode(), "Zoë"),
        (b"a\0b\n\x1b[31m", "a\\x00b\\n\\x1b[31m"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\u202eabc".encode(), "\\u202eabc"),
    ],
)
def test_a_payload_is_shown_as_text_without_side_effects(payload: bytes | None, shown: str):
    assert rejection.printable(payload) == shown
