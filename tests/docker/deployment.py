"""A deployment as its users have it: started by start.sh, asked through `docker` and SQL, stopped by down.sh."""

import os
import pty
import shutil
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import requests

from tests.dagster_ui import DagsterUi
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
# What a deployment is made of, as .dockerignore has it.
PARTS = (
    *("contract", "docker", "pipeline_defs", "spark", "sql", "stack"),
    *(".dockerignore", "requirements.lock", "workspace.yaml"),
)
STAND_IN = "random-user-pipeline-tests/postgres:18"

_MINUTES = 60
_NOT_OF_THE_REPOSITORY = shutil.ignore_patterns("__pycache__", ".env*", "settings.env")


class Deployment:
    """One deployment, of a copy of the repository: it can be edited, and a user's settings stay as they are."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, repository / part, ignore=_NOT_OF_THE_REPOSITORY)
            else:
                shutil.copy(ROOT / part, repository / part)
        self.folder = repository / "docker" / "docker-compose"
        self.env_file = self.folder / ".env"
        self.dagster = DagsterUi("http://127.0.0.1:13000")
        self.project = "random-user-pipeline-tests"
        self.started = ""  # what the last start.sh printed
        self.stopped = ""  # what the last down.sh printed
        self.typed_outputs: dict[str, str] = {}  # of the seed's commands
        self.since = "-infinity"  # records of slots from before may have been deleted on purpose
        self.env_file.write_text(f"COMPOSE_PROJECT_NAME={self.project}\n", encoding="utf-8")
        self.env_file.chmod(0o600)

    def refuse_another(self) -> None:
        """Fail where this engine has a deployment already: the containers have fixed names."""
        taken = self.docker("ps", "--all", "--quiet", "--filter", "name=^/kafka-broker-1$")
        of_tests = f"`docker compose -p {self.project} down --volumes`"
        assert not taken, f"This engine runs a deployment already. down.sh removes yours, {of_tests} that of tests."

    def build_postgres_where_no_registry_answers(self) -> None:
        """Put a stand-in in place of the official image where that can't be had."""
        image = os.environ.get("POSTGRES_IMAGE", "")
        if not image:
            official = "postgres:18.6-bookworm"
            had = self._run("docker", "image", "inspect", official).returncode == 0
            if had or self._run("docker", "pull", "--quiet", official).returncode == 0:
                return
            image = STAND_IN
            dockerfile = Path(__file__).parent / "postgres" / "postgres.Dockerfile"
            self.docker("build", "--quiet", "--file", str(dockerfile), "--tag", image, str(ROOT))
        with self.env_file.open("a", encoding="utf-8") as file:
            file.write(f"POSTGRES_IMAGE={image}\n")

    def start(self, *arguments: str) -> str:
        """Run start.sh and give what it printed."""
        self.started = self._script("start.sh", *arguments)
        return self.started

    def down(self, *arguments: str) -> str:
        """Run down.sh and give what it printed."""
        self.stopped = self._script("down.sh", *arguments)
        return self.stopped

    def down_unasked(self) -> subprocess.CompletedProcess[str]:
        """Run `down.sh --volumes` where nobody can answer its question."""
        return self._run("./down.sh", "--volumes")

    def edit(self, file: str, line: str) -> None:
        """Append a line to a file of the repository's copy."""
        with (self.repository / file).open("a", encoding="utf-8") as opened:
            opened.write(f"{line}\n")

    def docker(self, *arguments: str, seconds: float = 10 * _MINUTES) -> str:
        """Run `docker` and give what it printed; an error shows all of it."""
        return _succeeded(self._run("docker", *arguments, seconds=seconds))

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` in the deployment's folder."""
        return self.docker("compose", *arguments, seconds=15 * _MINUTES)

    def typed(self, command: str, code: int = 0) -> str:
        """Run a line as somebody types it at a terminal, which `docker exec -it` wants, and give what it showed."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (200, 200))  # so large that nothing waits for a key after each page
        process = subprocess.Popen(["bash", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.folder)
        os.close(theirs)
        limit = threading.Timer(5 * _MINUTES, process.kill)
        limit.start()
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass  # how Linux says that the other side of a terminal is closed
        finally:
            os.close(ours)
            limit.cancel()
        ended = process.wait(timeout=60)
        text = shown.decode(errors="replace").replace("\r\n", "\n").strip()
        assert ended == code, f"{command}\nended with {ended}:\n{text}"
        return text

    def sql(self, query: str, **values: str) -> str:
        """Give what a query to `project_streaming` answers, bare. `:'name'` in it stands for a value."""
        return _succeeded(self._ask(query, values))

    def try_sql(self, query: str, **values: str) -> str:
        """As `sql`, but an empty text while PostgreSQL is away."""
        done = self._ask(query, values)
        return done.stdout.strip() if done.returncode == 0 else ""

    def kill(self, container: str) -> None:
        """Kill -9 a container's first process, and so all. (`docker kill` would count as stopped on purpose.)"""
        started = "{{.State.StartedAt}}"
        before = self.docker("inspect", "--format", started, container)
        process = self.docker("inspect", "--format", "{{.State.Pid}}", container)
        image = "random-user-pipeline/kafka"
        self.docker("run", "--rm", "--pid=host", "--user=0", "--entrypoint=bash", image, "-c", f"kill -9 {process}")
        until(lambda: self.docker("inspect", "--format", started, container) != before, f"{container} to start again")

    def is_healthy(self, container: str) -> bool:
        """Tell whether the container's own check says that its server is well."""
        return self.docker("inspect", "--format", "{{.State.Health.Status}}", container) == "healthy"

    def rows_after_now(self, seconds: float = 480) -> None:
        """Wait for rows of a slot that is emitted from now on: the whole path works."""
        now = until(lambda: self.try_sql("SELECT now()"), "PostgreSQL to answer")
        landed = """
            SELECT count(*) FROM slots JOIN users ON uuid = ANY (uuids)
            WHERE outcome = 'emitted' AND claimed_at > :'now'"""
        until(lambda: self.try_sql(landed, now=now) not in ("", "0"), "rows of a new slot", seconds)

    def nothing_is_lost(self) -> None:
        """Wait until every person that Kafka acknowledged has landed, and the check `nothing_lost` then is green."""
        missing = """
            SELECT count(*) FROM slots, unnest(uuids) AS person
            WHERE outcome = 'emitted' AND claimed_at > :'since'
            AND NOT EXISTS (SELECT FROM users WHERE uuid = person)
            AND NOT EXISTS (SELECT FROM rejected_records WHERE convert_from(key, 'UTF8') = person::text)"""
        until(lambda: self.try_sql(missing, since=self.since) == "0", "every acknowledged person to have landed", 480)
        landed = time.time()
        until(lambda: self._launched("check_users"), "Dagster to take a run")
        until(lambda: self.dagster.check("users", "nothing_lost", landed) == "passed", "nothing_lost green", 480)

    def _launched(self, job: str) -> str:
        """Launch a job and give the run's id, or nothing where Dagster is not ready to take it.

        A webserver whose PostgreSQL was away finds its pooled connections dead, one request at a time.
        """
        with suppress(AssertionError, requests.RequestException):
            return self.dagster.launch(job)
        return ""

    def losses_are_known(self) -> None:
        """Tell the pipeline that what was lost was meant to be, such as the records of a deleted topic."""
        note = {"ops": {"acknowledge": {"config": {"note": "deleted on purpose"}}}}
        run = self.dagster.launch("acknowledge_losses", configuration=note)
        until(lambda: self.dagster.run_status(run) == "SUCCESS", "the losses to be acknowledged")
        self.since = self.sql("SELECT now()")

    def leftovers(self) -> list[str]:
        """Name every container, network and volume of this deployment that the engine has."""
        label = f"label=com.docker.compose.project={self.project}"
        lists = (("ps", "--all", "--quiet"), ("network", "ls", "--quiet"), ("volume", "ls", "--quiet"))
        return [line for command in lists for line in self.docker(*command, "--filter", label).split()]

    def _script(self, name: str, *arguments: str) -> str:
        begun = time.monotonic()
        done = self._run(str(self.folder / name), *arguments, seconds=40 * _MINUTES)
        if done.returncode:
            sys.stdout.write(self._run("docker", "compose", "logs", "--tail", "40").stdout)
        said = _succeeded(done)
        sys.stdout.write(f"{name} {' '.join(arguments)}, {time.monotonic() - begun:.0f} s:\n{said}\n")
        return said

    def _ask(self, query: str, values: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        psql = ("docker", "exec", "-i", "postgres", "psql", "-U", "postgres", "-d", "project_streaming", "-Atq")
        variables = (argument for name, value in values.items() for argument in ("-v", f"{name}={value}"))
        return self._run(*psql, "-v", "ON_ERROR_STOP=1", *variables, text=query)

    def _run(self, *command: str, text: str = "", seconds: float = 10 * _MINUTES) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def _succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"`{' '.join(done.args)}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
