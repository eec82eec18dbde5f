"""When a sensor reports: at once on a change, and often enough that whoever looks sees something fresh."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Report:
    """What was last reported of one thing: its outcome in a word, and when (ISO 8601)."""

    outcome: str
    at: str


def due(last: Report | None, outcome: str, now: datetime, at_least_every: timedelta) -> bool:
    """Say whether to report: never reported, changed, or reported long enough ago."""
    return last is None or last.outcome != outcome or now - datetime.fromisoformat(last.at) >= at_least_every


def read_cursor(cursor: str | None) -> dict[str, Report]:
    """Read what was reported from a sensor's cursor; nothing from an empty or foreign one."""
    try:
        return {name: Report(**report) for name, report in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(reports: Mapping[str, Report]) -> str:
    """Write what was reported as a sensor's cursor."""
    return json.dumps({name: asdict(report) for name, report in reports.items()}, sort_keys=True)
