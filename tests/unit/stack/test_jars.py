import hashlib
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stack import jars
from stack.errors import MachineError, StackError
from stack.jars import Jar

CONTENT = b"the bytes of a jar"
JAR = Jar("org.example", "one", "1.0", hashlib.sha256(CONTENT).hexdigest())


def test_a_lock_file_is_read_as_it_was_written():
    sets = {"kafka": [JAR], "spark": [Jar("a", "b", "2", "0" * 64), Jar("a", "c", "3", "1" * 64)]}
    assert jars.parse(jars.render(sets)) == sets


@pytest.mark.parametrize("line", ["group:artifact 123", "group:artifact:1.0", "group:artifact:1.0 abc extra"])
def test_a_line_that_is_no_jar_is_named(line: str):
    with pytest.raises(StackError, match="line 2"):
        jars.parse(f"[kafka]\n{line}\n")


def test_the_shipped_lock_file():
    sets = jars.parse(jars.LOCK_FILE.read_text())
    assert {jar.artifact for jar in sets["spark"]} == {
        *("spark-sql-kafka-0-10_2.13", "spark-token-provider-kafka-0-10_2.13", "kafka-clients", "commons-pool2"),
    }
    assert {"kafka_2.13", "kafka-tools", "kafka-server", "log4j-slf4j2-impl"} <= {jar.artifact for jar in sets["kafka"]}
    for pinned in sets.values():
        assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in pinned)
        assert len({jar.file_name for jar in pinned}) == len(pinned)


@pytest.mark.parametrize("transitive", [True, False])
def test_ivy_is_asked_for_each_jar_by_name(transitive: bool):  # noqa: FBT001 - a case
    module = ElementTree.fromstring(jars.ivy_module(["a.b:c:1", "d:e:2"], transitive=transitive))  # noqa: S314 - ours
    asked = [dict(dependency.attrib) for dependency in module.iter("dependency")]
    flag = str(transitive).lower()
    assert asked == [
        {"org": "a.b", "name": "c", "rev": "1", "transitive": flag},
        {"org": "d", "name": "e", "rev": "2", "transitive": flag},
    ]


@pytest.mark.parametrize(("repository", "root"), [("", None), ("http://mirror/maven", "http://mirror/maven")])
def test_a_registry_is_named_by_the_user_alone(repository: str, root: str | None):
    text = jars.ivy_settings(Path("/cache"), repository, resolve=False)
    [resolver] = ElementTree.fromstring(text).iter("ibiblio")  # noqa: S314 - ours
    assert resolver.get("root") == root


@pytest.fixture
def small_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lock = tmp_path / "jars.lock"
    lock.write_text(jars.render({"kafka": [JAR]}))
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    return tmp_path / "cache"


def java(tmp_path: Path, script: str) -> Path:
    """A program in the place of `java`, to see what is made of what Ivy leaves behind."""
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_jars_that_are_there_are_not_fetched(small_lock: Path, tmp_path: Path):
    folder = jars.folders(small_lock)["kafka"]
    folder.mkdir(parents=True)
    (folder / JAR.file_name).write_bytes(CONTENT)
    assert jars.provide(small_lock, tmp_path / "no java") == {"kafka": folder}


def test_a_corrupt_jar_is_fetched_anew(small_lock: Path, tmp_path: Path):
    folder = jars.folders(small_lock)["kafka"]
    folder.mkdir(parents=True)
    (folder / JAR.file_name).write_bytes(b"rotten")
    fetch = java(tmp_path, f"mkdir -p cache && printf %s '{CONTENT.decode()}' > cache/{JAR.file_name}")
    jars.provide(small_lock, fetch)
    assert (folder / JAR.file_name).read_bytes() == CONTENT
    assert list(folder.iterdir()) == [folder / JAR.file_name]
    assert not (small_lock / "incoming").exists()


def test_what_an_interrupted_fetch_got_is_taken_over(small_lock: Path, tmp_path: Path):
    incoming = small_lock / "incoming" / "cache"
    incoming.mkdir(parents=True)
    (incoming / JAR.file_name).write_bytes(CONTENT)
    folder = jars.provide(small_lock, tmp_path / "no java")["kafka"]
    assert (folder / JAR.file_name).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (f"mkdir -p cache && echo rotten > cache/{JAR.file_name}", "one-1.0.jar arrived with other bytes"),
        ("echo 'Host repository not found'", r"1 of 1 jars could not be fetched \(Host repository not found\)"),
        ("exit 1", "Ivy gives no reason"),
    ],
)
def test_a_failed_fetch_is_said_in_a_sentence(script: str, says: str, small_lock: Path, tmp_path: Path):
    with pytest.raises(MachineError, match=says):
        jars.provide(small_lock, java(tmp_path, script))


def test_progress_ends_with_everything(small_lock: Path, tmp_path: Path):
    seen: list[tuple[int, int]] = []
    fetch = java(tmp_path, f"mkdir -p cache && printf %s '{CONTENT.decode()}' > cache/{JAR.file_name}")
    jars.provide(small_lock, fetch, progress=lambda have, everything: seen.append((have, everything)))
    assert seen[-1] == (1, 1)
