"""A running Dagster, asked as its UI asks it: by GraphQL."""

from dataclasses import dataclass
from typing import Any

import requests

_LAUNCH = """
mutation ($parameters: ExecutionParams!) { launchRun(executionParams: $parameters) {
    __typename ... on LaunchRunSuccess { run { runId } } } }
"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
_NEWEST_RUN = """
query ($job: String!) {
    runsOrError(filter: { pipelineName: $job }, limit: 1) { ... on Runs { results { runId } } } }
"""
_CHECK = """
query ($asset: AssetKeyInput!, $check: String!) {
    assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 1) {
        evaluation { success severity timestamp metadataEntries { label ... on TextMetadataEntry { text } } } } }
"""


@dataclass(frozen=True)
class DagsterUi:
    """One webserver and what it knows."""

    url: str

    def launch(self, job: str, tags: dict[str, str] | None = None, configuration: dict[str, Any] | None = None) -> str:
        """Launch a job, and give the run's id."""
        selector = {
            "repositoryLocationName": "pipeline_defs",
            "repositoryName": "__repository__",
            "jobName": job,
        }
        parameters = {
            "selector": selector,
            "runConfigData": configuration or {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]},
        }
        launched = self._ask(_LAUNCH, parameters=parameters)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def run_status(self, run_id: str) -> str:
        """Give the status of a run."""
        return self._ask(_STATUS, run=run_id)["runOrError"]["status"]

    def newest_run(self, job: str) -> str:
        """Give the id of the run of a job that was launched last, empty where none was."""
        found = self._ask(_NEWEST_RUN, job=job)["runsOrError"]["results"]
        return found[0]["runId"] if found else ""

    def check(self, asset: str, name: str, since: float = 0.0) -> str:
        """Give what the newest evaluation of an asset check says: passed, warned, failed, or nothing yet.

        An evaluation from before `since`, in seconds of the epoch, counts as none.
        """
        evaluation = self._evaluation(asset, name)
        if evaluation is None or evaluation["timestamp"] < since:
            return "nothing yet"
        if evaluation["success"]:
            return "passed"
        return "failed" if evaluation["severity"] == "ERROR" else "warned"

    def texts_of_check(self, asset: str, name: str) -> dict[str, str]:
        """Give the metadata of a check's newest evaluation that are text, by their labels."""
        evaluation = self._evaluation(asset, name) or {"metadataEntries": []}
        return {entry["label"]: entry["text"] for entry in evaluation["metadataEntries"] if "text" in entry}

    def _evaluation(self, asset: str, name: str) -> dict[str, Any] | None:
        found = self._ask(_CHECK, asset={"path": [asset]}, check=name)["assetCheckExecutions"]
        return found[0]["evaluation"] if found else None

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]
