"""The registries of jars and of packages: out of reach, or with other bytes; and jars that rotted in the cache."""

import os
import re
import shutil
from pathlib import Path

import pytest

from stack import jars, java
from stack.settings import Settings
from tests.free_ports import is_free
from tests.machine.machine import ROOT, Machine, documented
from tests.machine.registry import registry


def whole_cache() -> dict[str, Path]:
    """The jars as every stack of this account uses them."""
    settings = Settings()
    return jars.provide(settings.cache, java.find(settings), settings.maven_repository)


def cache_of(machine: Machine, repository: str) -> Path:
    cache = machine.folder / "cache"
    machine.environment |= {"PIPELINE_CACHE": str(cache), "PIPELINE_MAVEN_REPOSITORY": repository}
    return cache


def test_a_registry_out_of_reach(machine: Machine):
    assert is_free(9)
    cache_of(machine, "http://127.0.0.1:9")
    says = machine.refusal()
    assert machine.wrong() == {"jars": says.replace("96 of 96", "1 of 1")}
    documented("the jars' registry can't be reached", machine.for_the_page(says))


def test_a_registry_that_gives_other_bytes_and_then_the_right_ones(machine: Machine):
    whole = whole_cache()
    with registry() as repository:
        cache = cache_of(machine, repository)
        says = machine.refusal()
        assert list(machine.wrong()) == ["jars"]
    documented("a registry that gives other bytes", machine.for_the_page(says))
    with registry(whole) as repository:
        cache_of(machine, repository)
        assert machine.wrong() == {}
        jars.provide(cache, java.find(Settings()), repository)
    assert machine.findings()["jars"]["says"] == "96 are there, with the pinned bytes"


def test_a_jar_that_rotted_in_the_cache_is_said_and_fetched_anew(machine: Machine):
    whole = whole_cache()
    with registry(whole) as repository:
        cache = cache_of(machine, repository)
        for name, folder in jars.folders(cache).items():
            shutil.copytree(whole[name], folder, copy_function=os.symlink)
        assert machine.wrong() == {}
        rotten = next(iter(sorted(jars.folders(cache)["kafka"].glob("kafka-clients-*.jar"))))
        rotten.unlink()
        rotten.write_bytes(b"rotten")
        documented("a damaged jar", machine.for_the_page(machine.wrong()["jars"]))
        jars.provide(cache, java.find(Settings()), repository)
        assert machine.wrong() == {}


PACKAGES = {
    "the packages' registry can't be reached": "",
    "too little room for the packages": "mount -t tmpfs -o size=64m none '{venv}'",
    "the folder of the packages can't be written to": "mount -t tmpfs -o ro,size=1m none '{venv}'",
}


@pytest.mark.parametrize("what", PACKAGES)
def test_packages_that_cannot_be_installed(what: str, machine: Machine):
    assert is_free(9)
    clone = machine.folder / "clone"
    for folder in (clone / "stack", clone / ".venv"):
        folder.mkdir(parents=True)
    for file in ("requirements.lock", "pyproject.toml", "stack/make_venv.sh"):
        shutil.copy(ROOT / file, clone / file)
    machine.environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
    machine.environment |= {"PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": "/dev/null"}
    machine.shell = PACKAGES[what].format(venv=clone / ".venv")
    done = machine.run(clone / "stack" / "make_venv.sh")
    assert done.returncode == 5, done.stderr
    assert not (clone / ".venv" / ".ready").exists()
    documented(what, re.sub(r"\d\d MiB left", "64 MiB left", machine.for_the_page(done.stderr.splitlines()[-1])))
