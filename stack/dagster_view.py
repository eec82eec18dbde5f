"""What Dagster last saw: the newest result of each asset check, and the stream's state with its reason."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from stack.components import Site
from stack.health import NotWell, dagster_query

_NAMES = """
{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks { name } } } }
  assetOrError(assetKey: {path: ["users_stream"]}) { ... on Asset { assetObservations(limit: 1) {
    timestamp metadataEntries { label ... on TextMetadataEntry { text } } } } } }
"""
_NEWEST = """
{ timestamp status evaluation { success severity description timestamp } }
"""


@dataclass(frozen=True)
class Check:
    """The newest result of one asset check."""

    asset: str
    name: str
    outcome: str  # passed, warned, failed, or nothing yet
    says: str
    seen_at: datetime | None


@dataclass(frozen=True)
class Stream:
    """The newest observation of the stream."""

    state: str
    reason: str
    seen_at: datetime


@dataclass(frozen=True)
class View:
    """All that the status takes from Dagster; nothing where Dagster does not answer."""

    stream: Stream | None = None
    checks: Sequence[Check] = ()


def read(here: Site) -> View:
    """Ask the webserver twice: which checks there are and what the stream does, then the checks' newest results."""
    try:
        found = dagster_query(here, _NAMES)
        names = [
            (node["assetKey"]["path"], check["name"])
            for node in found["assetNodes"]
            for check in node["assetChecksOrError"].get("checks", [])
        ]
        results = dagster_query(here, _of_the_checks(names)) if names else {}
        checks = [_check("/".join(asset), name, results[f"c{index}"]) for index, (asset, name) in enumerate(names)]
        return View(_stream(found["assetOrError"].get("assetObservations", [])), checks)
    except (requests.RequestException, NotWell, ValueError, KeyError):
        return View()


def _of_the_checks(names: list[tuple[list[str], str]]) -> str:
    # A check's result for the latest materialization would leave out those reported since.
    asked = (
        f"c{index}: assetCheckExecutions(assetKey: {{path: {json.dumps(asset)}}}, checkName: {json.dumps(name)}, "
        f"limit: 1) {_NEWEST}"
        for index, (asset, name) in enumerate(names)
    )
    return "{" + "\n".join(asked) + "}"


def _check(asset: str, name: str, executions: list[dict[str, Any]]) -> Check:
    evaluation = executions[0]["evaluation"] if executions else None
    if evaluation is None:
        return Check(asset, name, "nothing yet", "", None)
    outcome = "passed" if evaluation["success"] else {"WARN": "warned"}.get(evaluation["severity"], "failed")
    seen_at = datetime.fromtimestamp(evaluation["timestamp"], UTC)
    return Check(asset, name, outcome, evaluation["description"] or "", seen_at)


def _stream(observations: list[dict[str, Any]]) -> Stream | None:
    if not observations:
        return None
    said = {entry["label"]: entry.get("text") or "" for entry in observations[0]["metadataEntries"]}
    seen_at = datetime.fromtimestamp(int(observations[0]["timestamp"]) / 1000, UTC)
    return Stream(said.get("state", ""), said.get("reason", ""), seen_at)
