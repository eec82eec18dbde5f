"""The jars that only contenders need: PostgreSQL's JDBC driver, and Kafka Connect with Debezium's sink. Pinned."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stack import jars, spark_home
from stack.components import Site
from stack.jars import Jar

LOCK_FILE = Path(__file__).with_name("jars.lock")
_FETCH_SECONDS = 600


class JarsError(Exception):
    """The registry gives no jars, or other ones than those pinned."""


def folders(site: Site) -> dict[str, Path]:
    """Return the folder of each set, whether its jars are there or not."""
    return {name: site.settings.cache / "jars" / f"bench-{name}-{_digest_of(pinned)}" for name, pinned in _pinned()}


def provide(site: Site) -> None:
    """Fetch with Ivy what is missing.

    Raises:
        JarsError: a jar can't be had, or has other bytes than those pinned.
    """
    places = folders(site)
    for name, pinned in _pinned():
        if not places[name].exists():
            _fetch(pinned, places[name], site)


def _pinned() -> list[tuple[str, list[Jar]]]:
    return list(jars.parse(LOCK_FILE.read_text(encoding="utf-8")).items())


def _digest_of(pinned: list[Jar]) -> str:
    return hashlib.sha256("".join(jar.sha256 for jar in sorted(pinned)).encode()).hexdigest()[:12]


def _fetch(pinned: list[Jar], target: Path, site: Site) -> None:
    """Fetch a set to its end, then put it in its place: a folder that is there is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        here = Path(folder)
        coordinates = [f"{jar.group}:{jar.artifact}:{jar.version}" for jar in pinned]
        (here / "ivy.xml").write_text(jars.ivy_module(coordinates, transitive=False), encoding="utf-8")
        settings = jars.ivy_settings(here / "cache", site.settings.maven_repository, resolve=False)
        (here / "settings.xml").write_text(settings, encoding="utf-8")
        ivy = next(spark_home.home().glob("jars/ivy-*.jar"))
        command = [str(site.java), "-Xmx128m", "-cp", str(ivy), "org.apache.ivy.Main"]
        command += ["-settings", "settings.xml", "-ivy", "ivy.xml"]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        arrived = {path.name: path for path in (here / "cache").rglob("*.jar")}
        (here / "set").mkdir()
        for jar in pinned:
            path = arrived.get(jar.file_name)
            if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
                sys.stderr.write(done.stdout[-2000:])
                raise JarsError(f"{jar.file_name} can't be had, or has other bytes than those in {LOCK_FILE.name}.")
            shutil.copyfile(path, here / "set" / jar.file_name)
        (here / "set").rename(target)
