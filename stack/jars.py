"""The jars of Kafka and of Spark's Kafka connector: pinned in `jars.lock`, fetched once, verified at every start.

Ivy, which comes inside of the pyspark wheel, fetches them: no other tool is needed, and it knows where the public
repository is. Each jar is named one by one and verified by its SHA-256, so nothing is resolved at run time.
"""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from stack import spark_home
from stack.errors import MachineError, StackError

LOCK_FILE = Path(__file__).with_name("jars.lock")

# What `pipeline lock-jars` resolves; what it finds is the lock file.
ROOTS = {
    "kafka": (
        "org.apache.kafka:kafka_2.13:4.3.1",
        "org.apache.kafka:kafka-tools:4.3.1",
        "org.apache.logging.log4j:log4j-slf4j2-impl:2.25.4",
    ),
    "spark": ("org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",),
}

# Spark's own distribution has the rest of what the connector asks for.
_NOT_IN_SPARK = ("spark-sql-kafka-0-10_2.13", "spark-token-provider-kafka-0-10_2.13", "kafka-clients", "commons-pool2")

# Without a new byte for so long, the registry counts as unreachable.
_PATIENCE_SECONDS = 90.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, order=True)
class Jar:
    """One pinned jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file in the folder of its set."""
        return f"{self.artifact}-{self.version}.jar"


def parse(text: str) -> dict[str, list[Jar]]:
    """Read a lock file: `[set]` lines, then `group:artifact:version sha256` lines. `#` starts a comment."""
    sets: dict[str, list[Jar]] = {}
    current: list[Jar] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#")[0].strip()
        if line.startswith("["):
            current = sets.setdefault(line.strip("[]"), [])
        elif line:
            try:
                coordinates, digest = line.split()
                group, artifact, version = coordinates.split(":")
            except ValueError:
                raise StackError(f"{LOCK_FILE.name}, line {number}, isn't `group:artifact:version sha256`.") from None
            current.append(Jar(group, artifact, version, digest))
    return sets


def render(sets: dict[str, list[Jar]]) -> str:
    """Write a lock file that `parse` reads back."""
    lines = ["# Made by `pipeline lock-jars`. Every jar of Kafka, and those that Spark lacks to read from it."]
    for name, jars in sets.items():
        lines += ["", f"[{name}]", *(f"{jar.group}:{jar.artifact}:{jar.version} {jar.sha256}" for jar in sorted(jars))]
    return "\n".join(lines) + "\n"


def ivy_module(coordinates: Iterable[str], *, transitive: bool) -> str:
    """Give Ivy's module file that asks for these `group:artifact:version`."""
    mapping = "default->runtime(*),master(*)" if transitive else "default->default"
    dependencies = "\n".join(
        f"<dependency org={quoteattr(group)} name={quoteattr(artifact)} rev={quoteattr(version)}"
        f' transitive="{str(transitive).lower()}"/>'
        for group, artifact, version in (coordinate.split(":") for coordinate in coordinates)
    )
    # The two sets have one module in two versions: without resolution there is no conflict to settle.
    conflict = "" if transitive else '<conflict manager="all"/>'
    return (
        '<ivy-module version="2.0"><info organisation="pipeline" module="jars"/>\n'
        '<configurations><conf name="default"/></configurations>\n'
        f'<dependencies defaultconfmapping="{mapping}">\n{dependencies}\n{conflict}</dependencies></ivy-module>\n'
    )


def ivy_settings(cache: Path, repository: str, *, resolve: bool) -> str:
    """Give Ivy's settings. Without `resolve`, descriptors and checksum files are left out: SHA-256 is what counts."""
    root = f" root={quoteattr(repository)}" if repository else ""
    checksums = "" if resolve else '<property name="ivy.checksums" value=""/>'
    return (
        f'<ivysettings>{checksums}<settings defaultResolver="central"/>\n'
        '<timeout-constraints><timeout-constraint name="bounded" connectionTimeout="15000" readTimeout="30000"/>'
        "</timeout-constraints>\n"
        f"<caches defaultCacheDir={quoteattr(str(cache))}/>\n"
        f'<resolvers><ibiblio name="central" m2compatible="true" usepoms="{str(resolve).lower()}" '
        f'timeoutConstraint="bounded"{root}/></resolvers></ivysettings>\n'
    )


def provide(cache: Path, java: Path, repository: str = "", progress: Progress | None = None) -> dict[str, Path]:
    """Give the folder of each set, every jar there and verified; fetch what is missing or damaged.

    Args:
        cache: where the folders are, shared by all stacks of this account.
        java: the Java that runs Ivy.
        repository: root URL of a mirror; empty for Ivy's own default.
        progress: told how many jars of how many are there, as it goes.

    Raises:
        MachineError: the registry can't be reached, or gives other bytes than those pinned.
    """
    sets = _pinned()
    places = folders(cache)
    try:
        for folder in places.values():
            folder.mkdir(parents=True, exist_ok=True)
        with (cache / "jars" / "lock").open("w") as lock:
            # Two stacks that start at once: the second waits, then finds all there.
            fcntl.flock(lock, fcntl.LOCK_EX)
            wanted = {places[name] / jar.file_name: jar for name, jars in sets.items() for jar in jars}
            missing = {path: jar for path, jar in wanted.items() if not _verified(path, jar)}
            if missing:
                _fetch(missing, cache / "incoming", java, repository, progress or (lambda _have, _all: None))
    except OSError as error:
        raise MachineError(
            f"The cache folder {cache} can't be used ({error.strerror}). Repair it, or name another in PIPELINE_CACHE."
        ) from None
    return places


def inspect(cache: Path) -> tuple[int, list[Path], int]:
    """Give how many jars are missing, those that have other bytes than the pinned ones, and how many are pinned."""
    places = folders(cache)
    wanted = {places[name] / jar.file_name: jar for name, jars in _pinned().items() for jar in jars}
    there = [path for path in wanted if path.exists()]
    return len(wanted) - len(there), [path for path in there if _digest(path) != wanted[path].sha256], len(wanted)


def fetch_one(java: Path, repository: str = "") -> None:
    """Fetch one jar and throw it away: does the registry give what is pinned?

    Raises:
        MachineError: it can't be reached, or gives other bytes.
    """
    jar = next(jar for jars in _pinned().values() for jar in jars)
    with tempfile.TemporaryDirectory() as folder:
        _fetch(
            {Path(folder) / jar.file_name: jar}, Path(folder) / "incoming", java, repository, lambda _have, _all: None
        )


def folders(cache: Path) -> dict[str, Path]:
    """Give the folder of each set, named by its content, whether its jars are there or not."""
    return {name: cache / "jars" / f"{name}-{_fingerprint(pinned)}" for name, pinned in _pinned().items()}


def _pinned() -> dict[str, list[Jar]]:
    return parse(LOCK_FILE.read_text(encoding="utf-8"))


def _fingerprint(jars: list[Jar]) -> str:
    return hashlib.sha256("".join(jar.sha256 for jar in sorted(jars)).encode()).hexdigest()[:12]


def _verified(path: Path, jar: Jar) -> bool:
    if not path.exists():
        return False
    if _digest(path) == jar.sha256:
        return True
    path.unlink()
    return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(missing: dict[Path, Jar], incoming: Path, java: Path, repository: str, progress: Progress) -> None:
    """Fetch with Ivy into `incoming`, and move each verified jar to its place.

    `incoming` outlives an interrupted fetch, so that the next one takes up what the last one got.
    """
    incoming.mkdir(exist_ok=True)
    everything = len(missing)
    _adopt(missing, incoming)
    if missing:
        (incoming / "ivy.xml").write_text(
            ivy_module([f"{jar.group}:{jar.artifact}:{jar.version}" for jar in missing.values()], transitive=False),
            encoding="utf-8",
        )
        settings = ivy_settings(incoming / "cache", repository, resolve=False)
        (incoming / "settings.xml").write_text(settings, encoding="utf-8")
        failed = _run_ivy(incoming, java, lambda have: progress(min(have, everything), everything))
        corrupt = _adopt(missing, incoming)
        if corrupt:
            raise MachineError(
                f"{corrupt[0].file_name} arrived with other bytes than those pinned in stack/{LOCK_FILE.name}. "
                "Try again; if it stays so, the registry or a proxy in between alters files: "
                "name a mirror in PIPELINE_MAVEN_REPOSITORY."
            )
        if missing:
            raise MachineError(
                f"{len(missing)} of {everything} jars could not be fetched ({failed}). Check the network and its "
                "proxy, or name a mirror in PIPELINE_MAVEN_REPOSITORY; then try again: what has arrived is kept."
            )
    progress(everything, everything)
    shutil.rmtree(incoming)


def _adopt(missing: dict[Path, Jar], incoming: Path) -> list[Jar]:
    """Move what arrived whole to its place and strike it off `missing`; give those that arrived with other bytes."""
    arrived = {path.name: path for path in incoming.rglob("*.jar")}
    corrupt: list[Jar] = []
    for target, jar in list(missing.items()):
        source = arrived.get(jar.file_name)
        if source is None:
            continue
        if _verified(source, jar):
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".partial", delete=False) as copy:
                copy.write(source.read_bytes())
            Path(copy.name).chmod(0o644)
            Path(copy.name).replace(target)
            del missing[target]
        else:
            corrupt.append(jar)
    return corrupt


def _run_ivy(folder: Path, java: Path, progress: Callable[[int], None], retrieve: str = "") -> str:
    """Run Ivy in `folder` until it ends or nothing new comes for too long; give the reason it names for a failure."""
    jar = next(spark_home.home().glob("jars/ivy-*.jar"))
    command = [str(java), "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", str(jar), "org.apache.ivy.Main"]
    command += ["-settings", "settings.xml", "-ivy", "ivy.xml", *(["-retrieve", retrieve] if retrieve else [])]
    with (folder / "ivy.log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            seen, since = -1, time.monotonic()
            while process.poll() is None:
                if (
                    size := sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file())
                ) != seen:
                    seen, since = size, time.monotonic()
                if time.monotonic() - since > _PATIENCE_SECONDS:
                    return f"nothing came for {_PATIENCE_SECONDS:.0f} seconds"
                progress(sum(1 for _ in (folder / "cache").rglob("*.jar")))
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait(timeout=30)
        log.seek(0)
        return _reason(log.read())


def _reason(log: str) -> str:
    # The most telling first: that a module is not found follows from each of the others.
    for sign in ("No space", "Server access error", "Host ", "timed out", "Exception", "not found"):
        for line in log.splitlines():
            if sign in line:
                return line.strip()
    return "Ivy gives no reason"


def resolve(java: Path, repository: str = "") -> dict[str, list[Jar]]:
    """Resolve `ROOTS` with all they need at run time: the content of a new lock file."""
    sets: dict[str, list[Jar]] = {}
    for name, roots in ROOTS.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "cache").mkdir()
            (place / "ivy.xml").write_text(ivy_module(roots, transitive=True), encoding="utf-8")
            settings = ivy_settings(place / "cache", repository, resolve=True)
            (place / "settings.xml").write_text(settings, encoding="utf-8")
            pattern = "jars/[organisation]/[module]/[revision]/[artifact]-[revision].[ext]"
            failed = _run_ivy(place, java, lambda _have: None, retrieve=pattern)
            jars = [_read(path) for path in sorted(place.glob("jars/*/*/*/*.jar"))]
            if not jars:
                raise StackError(f"The jars of {name} could not be resolved ({failed}).")
            sets[name] = [jar for jar in jars if name != "spark" or jar.artifact in _NOT_IN_SPARK]
    return sets


def _read(path: Path) -> Jar:
    version, artifact, group = (path.parents[depth].name for depth in range(3))
    return Jar(group, artifact, version, hashlib.sha256(path.read_bytes()).hexdigest())
