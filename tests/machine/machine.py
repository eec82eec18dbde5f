"""A machine to break: a state folder of its own, and `pipeline` run on it as a user would."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.processes import marked
from stack.settings import Settings
from stack.state import State

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = Path(sys.executable).parent / "pipeline"
_TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
_SECONDS = 240


@dataclass
class Machine:
    """One throw-away folder, and what the environment says of it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    shell: str = ""  # run before each command, in a mount namespace of its own

    @property
    def state(self) -> State:
        """The state folder that is broken."""
        return State(self.folder / "state")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command on this machine."""
        words = [str(word) for word in command]
        if self.shell:
            users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            words = ["/usr/bin/unshare", *users, "--mount", "/bin/sh", "-c", f'{self.shell} && exec "$@"', "sh", *words]
        return subprocess.run(
            words,
            env=os.environ | {"PIPELINE_STATE": str(self.state.root), "NO_COLOR": "1"} | self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd=ROOT,
        )

    def pipeline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pipeline`."""
        return self.run(PIPELINE, *arguments)

    def refusal(self, code: int = 5) -> str:
        """Run `pipeline up`, and give the one sentence with which it refuses; nothing is left running."""
        done = self.pipeline("up")
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert not marked(self.state)
        return done.stderr.strip()

    def findings(self) -> dict[str, dict[str, Any]]:
        """Give what `pipeline doctor` finds, by the name of the check."""
        done = self.pipeline("doctor", "--json")
        assert done.returncode in (0, 5), (done.returncode, done.stdout, done.stderr)
        found = json.loads(done.stdout)
        assert found["well"] == (done.returncode == 0)
        return {check["name"]: check for check in found["checks"]}

    def wrong(self) -> dict[str, str]:
        """Give what is wrong by the doctor."""
        return {name: check["says"] for name, check in self.findings().items() if not check["well"]}

    def for_the_page(self, sentence: str) -> str:
        """Give a sentence as the page of troubles has it: the places and numbers of some machine."""
        changes = [
            (re.escape(str(self.state.root)), "/home/ana/pipeline/.state"),
            (re.escape(str(self.folder)), "/home/ana"),
            (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8000"),
            (r"http://localhost:\d+", "http://localhost:8000"),
            (r"taken by .*, process \d+ of \S+\. End", "taken by nginx, process 4321 of ana. End"),
            (r"Port \d+", f"Port {Settings.model_fields['postgres_port'].default}"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, but the", "2026-01-02 03:04 UTC, but the"),
            (r"at \d{4}-\d\d-\d\d \d\d:\d\d UTC", "at 2026-03-04 05:06 UTC"),
            (r"\d+ seconds (ahead|behind)", r"3600 seconds \1"),
        ]
        for pattern, replacement in changes:
            sentence = re.sub(pattern, replacement, sentence)
        return sentence.replace("|", "\\|")


def documented(what: str, sentence: str) -> None:
    """See that the page of troubles has this sentence word for word; with WRITE_DOCS set, write it there instead."""
    line = f"| {what} | {sentence} |"
    text = _TROUBLESHOOTING.read_text(encoding="utf-8")
    if os.environ.get("WRITE_DOCS"):
        other = re.sub(rf"^\| {re.escape(what)} \|.*\|$", lambda _: line, text, flags=re.MULTILINE)
        _TROUBLESHOOTING.write_text(other, encoding="utf-8")
        text = other
    assert line in text.splitlines(), f"docs/troubleshooting.md lacks: {line}"
