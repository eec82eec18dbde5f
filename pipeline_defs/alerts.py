"""Whom to tell what, once: checks that failed and checks that recovered → messages in Slack's format. Pure."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

# The checks whose failures and recoveries people are told; the others are to be seen in the UI.
WATCHED = frozenset(
    {
        "freshness",
        "kafka_healthy",
        "nothing_lost",
        "slots_kept",
        "spark_healthy",
        "stream_lag",
        "stream_running",
    }
)


@dataclass(frozen=True)
class Seen:
    """The newest result of a check: `passed`, `warned` or `failed`, and what it says."""

    asset: str
    check: str
    outcome: str
    says: str
    at: datetime


@dataclass(frozen=True)
class Alert:
    """A failure that began, or one that is over, since when it was there, and what it is about."""

    seen: Seen
    since: datetime

    @property
    def recovered(self) -> bool:
        """Whether it is over."""
        return self.seen.outcome == "passed"


# The failures that people were told, by the check's name, each with since when.
Told = Mapping[str, datetime]


def alerts(told: Told, results: Sequence[Seen]) -> list[Alert]:
    """Give what is to be told now. A warning changes nothing: it neither begins a failure nor ends one."""
    found = []
    for seen in results:
        if seen.check not in WATCHED:
            continue
        if seen.outcome == "failed" and seen.check not in told:
            found.append(Alert(seen, seen.at))
        elif seen.outcome == "passed" and seen.check in told:
            found.append(Alert(seen, told[seen.check]))
    return found


def after(told: Told, alert: Alert) -> Told:
    """Give what is told once this alert is."""
    others = {check: since for check, since in told.items() if check != alert.seen.check}
    return others if alert.recovered else {**others, alert.seen.check: alert.since}


def text(alert: Alert, tried: Sequence[str], ui_url: str) -> str:
    """Write the message: what happened, since when, what was tried, and where to look."""
    seen = alert.seen
    sign, what = (":large_green_circle:", "is well again") if alert.recovered else (":red_circle:", "failed")
    until = f" until {seen.at:%H:%M:%S} UTC" if alert.recovered else ""
    lines = [
        f"{sign} *{seen.check}* of {seen.asset} {what}: {_plain(seen.says)}",
        f"Since {alert.since:%Y-%m-%d %H:%M:%S} UTC{until}.",
        f"Tried: {_plain('; '.join(tried))}." if tried else "Nothing was tried.",
        f"<{ui_url}/assets/{seen.asset}?view=checks|Look at {seen.asset} in Dagster>",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Write text so that Slack shows it as it is: `<!channel>` would call everybody, `<…>` would be a link."""
    return html.escape(text, quote=False)


def read_cursor(cursor: str | None) -> Told:
    """Read what was told from a sensor's cursor; nothing from an empty or foreign one."""
    try:
        return {check: datetime.fromisoformat(since) for check, since in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(told: Told) -> str:
    """Write what was told as a sensor's cursor."""
    return json.dumps({check: since.isoformat() for check, since in told.items()}, sort_keys=True)
