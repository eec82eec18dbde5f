"""A first start that is killed without a warning, at several moments, and the next one, which has to work."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.supervisor import Supervisor
from tests.integration.stack import ROOT, Stack
from tests.machine.machine import PIPELINE
from tests.machine.registry import registry
from tests.waiting import until


def kill_up_when(reached: Callable[[], object], what: str, stack: Stack, **settings: str) -> None:
    """Start the stack, and kill the command itself, alone, as soon as it got that far."""
    up = subprocess.Popen(
        [PIPELINE, "up"],
        cwd=ROOT,
        env=os.environ | stack.settings | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: up.poll() is not None or reached(), what)
        assert up.poll() is None, f"it ended with {up.returncode} before {what}"
    finally:
        up.kill()
        up.wait(timeout=30)


def servers(stack: Stack) -> Counter[str]:
    """Count the supervisors and Kafka's servers, by the name of each."""
    commands = [process.cmdline() for process in stack.processes() if process.is_running()]
    # The last word is a configuration file; that of Kafka's format too, which is no server.
    files = [Path(words[-1]) for words in commands if {"kafka.Kafka", "supervisor.supervisord"} & set(words)]
    return Counter(file.parent.name for file in files)


def test_a_first_start_that_was_killed_is_followed_by_one_that_works(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stack.pipeline("destroy", "--yes")
    cache = tmp_path_factory.mktemp("cache")
    with registry(stalls=True) as repository:
        fetching = {"PIPELINE_CACHE": str(cache), "PIPELINE_MAVEN_REPOSITORY": repository}
        kill_up_when((cache / "incoming" / "ivy.log").exists, "jars are fetched", stack, **fetching)
        ivy = stack.processes()
        assert ivy, "Ivy goes on without its parent"
        kill_up_when((stack.state.postgresql / "initdb" / "data").exists, "initdb is at work", stack)
        assert not [process for process in ivy if process.is_running()]

    kill_up_when(lambda: len(servers(stack)) > 3, "servers start", stack)
    left = Supervisor(stack.state).processes()
    assert any(process.runs for process in left.values())

    assert "All components are well" in stack.up()
    found = servers(stack)
    assert len(found) == 7, found
    assert set(found.values()) == {1}, found
    assert all(component["state"] == "well" for component in stack.components().values())
    assert stack.one("SELECT count(*) FROM users") == stack.one("SELECT count(DISTINCT uuid) FROM users") > 0
