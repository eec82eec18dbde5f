"""How much is rejected, and why → the result of the check rejected_rate. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue, TableColumn, TableRecord, TableSchema

from pipeline_defs.database import Row

_COLUMNS = ("place", "reason", "detail", "payload")


@dataclass(frozen=True)
class Limits:
    """When it is too much.

    Attributes:
        window_minutes: how far the check looks back.
        least_records: with fewer in that time it warns at most: one bad record of a quiet hour is no rate.
        warn_percent: the share of rejected records above which it warns.
        fail_percent: and above which it fails.
    """

    window_minutes: int
    least_records: int
    warn_percent: float
    fail_percent: float


def judge(consumed: int, reasons: Mapping[str, int], samples: Sequence[Row], limits: Limits) -> AssetCheckResult:
    """Judge the share of rejected records among those that were consumed lately.

    Args:
        consumed: records in the window.
        reasons: rejected ones in the window, by reason.
        samples: a few of the newest of these.
        limits: what is too much.
    """
    rejected = sum(reasons.values())
    # The driver tells of a batch after it is written.
    records = max(consumed, rejected)
    percent = 100 * rejected / max(records, 1)
    severe = percent > limits.fail_percent and records >= limits.least_records
    named = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items(), key=lambda each: -each[1]))
    return AssetCheckResult(
        passed=percent <= limits.warn_percent,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=f"{rejected} of {consumed} records of the last {limits.window_minutes} minutes were rejected, "
        f"{percent:.2f} %{f': {named}' if named else ''}.",
        metadata={
            "rejected": rejected,
            "consumed": consumed,
            "percent": round(percent, 3),
            "least_records": limits.least_records,
            "warn_percent": limits.warn_percent,
            "fail_percent": limits.fail_percent,
            "reasons": MetadataValue.json(dict(reasons)),
            "samples": MetadataValue.table(
                [TableRecord(_shown(row)) for row in samples],
                TableSchema([TableColumn(name, "string") for name in _COLUMNS]),
            ),
        },
    )


def printable(payload: bytes | None) -> str:
    """Give bytes as text that a terminal and a page can show: whatever is not printable is escaped."""
    if payload is None:
        return "(no value)"
    text = payload.decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _shown(row: Row) -> dict[str, str]:
    payload = None if row["payload"] is None else bytes(row["payload"])
    place = f"{row['partition']}/{row['offset']}"
    return dict(zip(_COLUMNS, (place, row["reason"], row["detail"], printable(payload)), strict=True))
