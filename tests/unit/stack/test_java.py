from pathlib import Path

import pytest

from stack import java
from stack.errors import MachineError
from stack.settings import Settings


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.1"', 17),
        ("no version here", None),
    ],
)
def test_major_version(text: str, version: int | None):
    assert java.major_version(text) == version


def home(folder: Path, says: str, code: int = 0) -> Path:
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return folder


def test_a_supported_java_is_found(tmp_path: Path):
    folder = home(tmp_path, 'openjdk version "21.0.1"')
    assert java.find(Settings(java_home=folder)) == folder / "bin" / "java"


@pytest.mark.parametrize(
    ("says", "code", "message"),
    [('openjdk version "11.0.2"', 0, "Java 11 .* isn't supported"), ("broken", 1, "doesn't run"), ("?", 0, "unknown")],
)
def test_a_java_that_will_not_do_is_named(says: str, code: int, message: str, tmp_path: Path):
    with pytest.raises(MachineError, match=message):
        java.find(Settings(java_home=home(tmp_path, says, code)))


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="Java is missing"):
        java.find(Settings())
