"""The files of docker/ as linters and the compose schema see them. No engine is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMPOSE_FILES = sorted((ROOT / "docker" / "docker-compose").glob("*.yaml"))
DOCKERFILES = sorted([*ROOT.glob("docker/dockerfile/*.Dockerfile"), *ROOT.glob("tests/docker/postgres/*.Dockerfile")])
SHELL_SCRIPTS = sorted(
    path
    for folder in ("docker", "tests/docker")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes().startswith(b"#!/bin/bash"))
)


def clean(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_hadolint(file: Path):
    clean(BIN / "hadolint", "--config", ROOT / "docker" / "hadolint.yaml", file)


@pytest.mark.parametrize("file", SHELL_SCRIPTS, ids=lambda file: file.name)
def test_shellcheck(file: Path):
    clean(BIN / "shellcheck", "--external-sources", "--source-path=SCRIPTDIR", file)


@pytest.mark.parametrize("file", COMPOSE_FILES, ids=lambda file: file.name)
def test_compose_schema(file: Path):
    clean(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_yamllint():
    clean(BIN / "yamllint", "--strict", "--config-file", ROOT / "docker" / "yamllint.yaml", *COMPOSE_FILES)


def test_there_is_something_to_lint():
    assert len(COMPOSE_FILES) == 6
    assert len(DOCKERFILES) == 2
    assert {"start.sh", "down.sh", "server", "worker"} <= {path.name for path in SHELL_SCRIPTS}
