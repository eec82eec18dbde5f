"""The stream, as its supervisor and Spark's master see it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.integration.stack import Stack
from tests.waiting import until

DAGSTER = ("dagster-code", "dagster-daemon", "dagster-webserver")
_STATE = "SELECT state FROM decisions ORDER BY id DESC LIMIT 1"
_ACTIONS = "SELECT action FROM decisions WHERE decided_at > %(since)s ORDER BY id"
_OBSERVATIONS = """
SELECT timestamp AT TIME ZONE 'UTC' AS at, event FROM event_logs
WHERE
    dagster_event_type = 'ASSET_OBSERVATION' AND asset_key = '["users_stream"]'
    AND timestamp > %(since)s::TIMESTAMPTZ AT TIME ZONE 'UTC'
ORDER BY timestamp
"""
_LOOKS = """
SELECT tick_body FROM job_ticks
WHERE
    tick_body::JSON ->> 'job_name' = 'stream_supervisor' AND status = 'SKIPPED'
    AND timestamp > %(since)s::TIMESTAMPTZ AT TIME ZONE 'UTC'
ORDER BY timestamp
"""
_WELL = {"running", "idle", "catching up"}
_SECONDS = 600


@dataclass(frozen=True)
class Observation:
    """What Dagster shows of `users_stream`, and since when."""

    at: datetime
    metadata: dict[str, Any]


def observations(stack: Stack, since: datetime) -> list[Observation]:
    """Give what Dagster has shown since then, oldest first."""
    rows = stack.dagster_storage(_OBSERVATIONS, since=since)
    return [Observation(row["at"], _metadata(json.loads(row["event"]))) for row in rows]


def looks(stack: Stack, since: datetime) -> list[str]:
    """Give what each of the supervisor's looks that asked for nothing has said since then, oldest first."""
    return [json.loads(row["tick_body"])["skip_reason"] for row in stack.dagster_storage(_LOOKS, since=since)]


def _metadata(event: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    if isinstance(event, dict):
        if "metadata_entries" in event:
            data = {entry["label"]: entry["entry_data"] for entry in event["metadata_entries"]}
            return {label: each.get("text", each.get("value")) for label, each in data.items()}
        event = list(event.values())
    nested = event if isinstance(event, list) else []
    return next((found for each in nested if (found := _metadata(each))), {})


def now(stack: Stack) -> datetime:
    """Give PostgreSQL's time, which decisions are dated with."""
    return stack.one("SELECT clock_timestamp()")


def state(stack: Stack) -> str:
    """Give the state that the supervisor wrote down last."""
    return stack.one(_STATE)


def actions(stack: Stack, since: datetime) -> list[str]:
    """Give what the supervisor decided since then, apart from keeping and waiting."""
    decided = [row["action"] for row in stack.query(_ACTIONS, since=since)]
    return [action for action in decided if action not in ("keep", "wait")]


def application(stack: Stack) -> str:
    """Give the one application that is the stream."""
    [found] = [each for each in stack.spark_master().cluster().applications if each.name == "users_stream"]
    return found.id


def is_another(stack: Stack, before: str) -> bool:
    """Tell whether the stream runs, as another application."""
    found = stack.spark_master().cluster().applications
    return bool(found) and all(each.id != before for each in found)


def is_gone(stack: Stack) -> bool:
    """Tell whether nothing of it is on the cluster."""
    cluster = stack.spark_master().cluster()
    return not cluster.drivers and not cluster.applications


def forget_starts(stack: Stack) -> None:
    """Make as if somebody had asked for it just now: starts of before don't count as a crash loop."""
    stack.query("UPDATE stream_state SET asked_at = now()")


def wait_until_well(stack: Stack) -> None:
    """Wait until the supervisor finds it well."""
    until(lambda: state(stack) in _WELL, "a stream that is well", _SECONDS)


def wait_for_looks(stack: Stack) -> None:
    """Wait until the supervisor has looked twice from now on, and asked for nothing."""
    since = now(stack)
    until(lambda: len(looks(stack, since)) > 1, "two looks of the supervisor", _SECONDS)


def stop(stack: Stack) -> None:
    """Stop it on purpose, and wait until it is gone."""
    stack.launch("stop_stream")
    until(lambda: state(stack) == "stopped on purpose" and is_gone(stack), "a stream that is stopped", _SECONDS)


def start(stack: Stack) -> None:
    """Want it, and wait until it is well."""
    stack.launch("start_stream")
    wait_until_well(stack)
