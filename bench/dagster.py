"""Dagster as a person uses it: jobs launched in its UI."""

import subprocess
from typing import Any

import requests

from bench.servers import Servers, wait_until
from stack.settings import REPOSITORY

_LAUNCH = """
mutation ($parameters: ExecutionParams!) { launchRun(executionParams: $parameters) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
_RUN_SECONDS = 240.0
_CALL_SECONDS = 60.0


class DagsterError(Exception):
    """A job did not do what it should."""


class Dagster:
    """The Dagster of the servers."""

    def __init__(self, servers: Servers) -> None:
        self._environment = servers.environment()
        self._url = f"{servers.site.url('dagster-webserver')}/graphql"

    def stop_schedule(self, name: str) -> None:
        """Stop a schedule; one that is stopped stays so."""
        command = [self._environment["PATH"].split(":")[1] + "/dagster", "schedule", "stop", name, "-w"]
        subprocess.run(
            [*command, str(REPOSITORY / "workspace.yaml")],
            env=self._environment,
            cwd=REPOSITORY,
            timeout=_RUN_SECONDS,
            check=False,
            capture_output=True,
        )

    def launch(self, job: str) -> str:
        """Launch a job, and return the id of its run.

        Raises:
            DagsterError: Dagster refuses.
        """
        selector = {"repositoryLocationName": "pipeline_defs", "repositoryName": "__repository__", "jobName": job}
        parameters = {"selector": selector, "runConfigData": {}}
        launched = self._ask(_LAUNCH, parameters=parameters)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise DagsterError(f"{job} can't be launched: {launched}")
        return launched["run"]["runId"]

    def run(self, job: str) -> None:
        """Launch a job, and wait for its success.

        Raises:
            DagsterError: it fails.
        """
        run = self.launch(job)

        def over() -> bool:
            status = self._ask(_STATUS, run=run)["runOrError"]["status"]
            if status in ("FAILURE", "CANCELED"):
                raise DagsterError(f"{job} ended as {status}")
            return status == "SUCCESS"

        wait_until(over, f"{job} is over", _RUN_SECONDS)

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        answer = requests.post(self._url, json={"query": query, "variables": variables}, timeout=_CALL_SECONDS).json()
        if "errors" in answer:
            raise DagsterError(str(answer["errors"]))
        return answer["data"]
