import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "stack" / "make_venv.sh"


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ('[ "$1" = --version ] && echo Python 3.8.1; exit 1', "Python 3.11 or newer is missing (Python 3.8.1)"),
        ('case "$*" in *ensurepip*) exit 1;; --version) echo Python 3.12.0;; esac', "Python 3.12.0 can't make virtual"),
    ],
)
def test_a_python_that_will_not_do_is_said_in_a_sentence(python: str, says: str, tmp_path: Path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    (programs / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (programs / "python3").chmod(0o755)
    clone = tmp_path / "clone" / "stack"
    clone.mkdir(parents=True)
    shutil.copy(SCRIPT, clone)
    done = subprocess.run(
        [clone / SCRIPT.name],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 5
    assert says in done.stderr
    assert not (tmp_path / "clone" / ".venv").exists()
