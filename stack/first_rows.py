"""The proof at the end of a start: one tick by hand, and the newest rows of `users` after it."""

import time
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from pipeline_defs.settings import read_settings
from stack import health, tables
from stack.components import Site
from stack.errors import ExitCode

_ROWS_SECONDS = 600
_TICK_SECONDS = 300
# Dagster answers late while everything else starts, and a launch can't be asked for twice.
_ANSWER_SECONDS = 60
_MOST_SHOWN = 10
_TICK_JOB = "produce_random_users"

_LAUNCH = """
mutation Launch($parameters: ExecutionParams!) { launchRun(executionParams: $parameters) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
_RUN = """
query Run($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status } } }
"""


def show(here: Site, password: str, console: Console) -> ExitCode:
    """Produce a tick by hand, wait for as many new rows in `users`, and print the newest ten."""
    before = next((row["id"] for row in tables.rows(here, password, "status_newest_row")), 0)
    wanted = min(_MOST_SHOWN, read_settings().people_per_tick)
    problem = _tick(here)
    if problem:
        console.print(
            f"The tick by hand failed: {problem}. The stack is running; see {here.url('dagster-webserver')}/runs"
        )
        return ExitCode.UNHEALTHY
    [stream] = tables.rows(here, password, "status_stream") or [{"wanted": "running"}]
    if stream["wanted"] != "running":
        console.print(
            f"The tick's people are in Kafka. The stream was stopped on purpose by {stream['changed_by']}, "
            "so they stay there: `dagster job launch -w workspace.yaml -j start_stream` starts it."
        )
        return ExitCode.DONE
    with console.status("The tick's people are in Kafka; waiting for the stream to write them to `users`."):
        deadline = time.monotonic() + _ROWS_SECONDS
        while len(found := tables.rows(here, password, "status_rows_after", id=before, most=_MOST_SHOWN)) < wanted:
            if time.monotonic() > deadline:
                console.print(
                    f"{len(found)} of {wanted} rows came to `users` within {_ROWS_SECONDS} seconds. The stack is "
                    f"running; the asset users_stream in {here.url('dagster-webserver')} says what the stream does."
                )
                return ExitCode.UNHEALTHY
            time.sleep(0.5)
    _show_rows(found, console)
    return ExitCode.DONE


def _tick(here: Site) -> str | None:
    """Launch the tick's job and wait for its end; give what went wrong, if anything did."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "pipeline_defs",
        "jobName": _TICK_JOB,
    }

    def ask(query: str, **variables: object) -> dict[str, Any]:
        return health.dagster_query(here, query, variables, seconds=_ANSWER_SECONDS)

    try:
        launched = ask(_LAUNCH, parameters={"selector": selector})["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            return launched.get("message") or f"Dagster answered {launched['__typename']}"
        deadline = time.monotonic() + _TICK_SECONDS
        while time.monotonic() < deadline:
            run = ask(_RUN, id=launched["run"]["runId"])["runOrError"]
            if run.get("status") == "SUCCESS":
                return None
            if run.get("status") in ("FAILURE", "CANCELED"):
                return f"its run {launched['run']['runId']} ended with {run['status']}"
            time.sleep(0.5)
    except requests.Timeout:
        return f"Dagster's webserver did not answer within {_ANSWER_SECONDS} seconds"
    except (requests.RequestException, health.NotWell) as error:
        return f"Dagster did not launch {_TICK_JOB} ({error})"
    return f"its run did not end within {_TICK_SECONDS} seconds"


def _show_rows(found: list[dict[str, object]], console: Console) -> None:
    table = Table(title="The newest rows of users", title_justify="left")
    for column in found[0]:
        table.add_column(column)
    for row in found:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
