import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import java, kafka, passwords, postgres, site
from stack.settings import Settings
from stack.state import State
from tests.free_ports import free_offset
from tests.machine.machine import Machine


@pytest.fixture(scope="session")
def folders() -> Iterator[Path]:
    # Not pytest's own folder: as root, the account that runs PostgreSQL can't enter that one.
    folder = Path(tempfile.mkdtemp(prefix="machine-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def offset() -> int:
    return free_offset()


@pytest.fixture
def machine(folders: Path, offset: int) -> Machine:
    folder = Path(tempfile.mkdtemp(dir=folders))
    folder.chmod(0o711)
    # An API that gives no answer: the clock has nothing to agree with, and no test depends on a network.
    source = "http://127.0.0.1:9/api/1.4/"
    return Machine(folder, {"PIPELINE_PORT_OFFSET": str(offset), "RANDOM_USER_API_URL": source})


@pytest.fixture(scope="session")
def prepared(folders: Path, offset: int) -> State:
    """A state folder as a first start makes it before any server runs, by PostgreSQL's and Kafka's own tools."""
    settings = Settings(state=folders / "prepared", port_offset=offset)
    state = State(settings.state)
    state.create()
    here = site.locate(settings, java=java.find(settings))
    postgres.prepare(here, passwords.load_or_create(state.passwords)["postgres"])
    kafka.prepare(here)
    state.remember(settings)
    return state


@pytest.fixture
def used(machine: Machine, prepared: State) -> Machine:
    """A machine on which a stack was prepared before."""
    shutil.copytree(prepared.root, machine.state.root, symlinks=True)
    data = machine.state.postgresql / "data"
    owner = (prepared.postgresql / "data").stat()
    for path in (data, *data.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    return machine
