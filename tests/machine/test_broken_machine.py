"""Each state of a machine in which a stack can't start: what `up` and `doctor` say, and that mending it helps."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.settings import Settings
from tests.machine.machine import Machine, documented

Break = Callable[[Machine], None]


def java(machine: Machine, prints: str) -> None:
    program = machine.folder / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{prints}' >&2\n")
    program.chmod(0o755)
    machine.environment["PIPELINE_JAVA_HOME"] = str(machine.folder / "jdk")


def no_java(machine: Machine) -> None:
    machine.environment |= {"PATH": str(machine.folder), "JAVA_HOME": "", "PIPELINE_JAVA_HOME": ""}


def wrong_java(machine: Machine) -> None:
    java(machine, 'openjdk version "11.0.2" 2019-01-15')


def java_home_without_java(machine: Machine) -> None:
    machine.environment["PIPELINE_JAVA_HOME"] = str(machine.folder / "jdk")


def little_room(machine: Machine) -> None:
    machine.state.root.mkdir()
    machine.shell = f"mount -t tmpfs -o size=64m none '{machine.state.root}'"


def full_disk(machine: Machine) -> None:
    machine.state.root.mkdir()
    fill = f"(dd if=/dev/zero of='{machine.state.root}/big' bs=64k 2>/dev/null || true)"
    machine.shell = f"mount -t tmpfs -o size=1m none '{machine.state.root}' && {fill}"


def read_only_disk(machine: Machine) -> None:
    machine.state.root.mkdir()
    machine.shell = f"mount -t tmpfs -o ro,size=1m none '{machine.state.root}'"


def little_memory(machine: Machine) -> None:
    lines = Path("/proc/meminfo").read_text().splitlines()
    small = ["MemAvailable:    1048576 kB" if line.startswith("MemAvailable") else line for line in lines]
    (machine.folder / "meminfo").write_text("\n".join(small) + "\n")
    machine.shell = f"mount --bind '{machine.folder}/meminfo' /proc/meminfo"


def state_is_a_file(machine: Machine) -> None:
    machine.state.root.touch()


def cache_is_a_file(machine: Machine) -> None:
    (machine.folder / "cache").touch()
    machine.environment["PIPELINE_CACHE"] = str(machine.folder / "cache")


BROKEN = {
    "no Java": ("java", no_java),
    "a Java of another version": ("java", wrong_java),
    "JAVA_HOME without a Java": ("java", java_home_without_java),
    "too little room on the disk": ("disk", little_room),
    "a full disk": ("state folder", full_disk),
    "a read-only disk": ("state folder", read_only_disk),
    "the state folder is a file": ("state folder", state_is_a_file),
    "the cache folder is a file": ("cache folder", cache_is_a_file),
    "too little memory": ("memory", little_memory),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_machine_that_is_not_ready_is_said_in_a_sentence(what: str, machine: Machine):
    check, broken = BROKEN[what]
    whole = dict(machine.environment)
    broken(machine)
    says = machine.refusal()
    assert machine.wrong()[check] == says
    documented(what, machine.for_the_page(says))

    machine.environment, machine.shell = whole, ""
    if machine.state.root.is_file():
        machine.state.root.unlink()
    assert machine.wrong() == {}


def test_a_taken_port_is_named_with_its_owner(machine: Machine, offset: int):
    port = Settings(port_offset=offset).port("postgres")
    with socket.create_server(("127.0.0.1", port)):
        says = machine.refusal()
        assert f"process {os.getpid()} of" in says
        assert machine.wrong() == {"ports": says}
    documented("a taken port", machine.for_the_page(says))
    assert machine.wrong() == {}


def settings_damaged(machine: Machine) -> None:
    (machine.state.root / "settings.json").write_text('{"port_offset": 1')


def test_settings_that_cannot_be_read_are_said_by_every_command(used: Machine):
    settings_damaged(used)
    says = used.refusal()
    for command in ("doctor", "status", "down", "tail", "env"):
        done = used.pipeline(command)
        assert (done.returncode, done.stderr.strip()) == (5, says)
    documented("settings.json is damaged", used.for_the_page(says))
    (used.state.root / "settings.json").unlink()
    assert used.wrong() == {}


def passwords_damaged(machine: Machine) -> None:
    machine.state.passwords.write_text("{}")


def passwords_gone(machine: Machine) -> None:
    machine.state.passwords.unlink()


def database_without_version(machine: Machine) -> None:
    (machine.state.postgresql / "data" / "PG_VERSION").write_text("")


def database_of_another_version(machine: Machine) -> None:
    (machine.state.postgresql / "data" / "PG_VERSION").write_text("16\n")


def database_without_control_file(machine: Machine) -> None:
    (machine.state.postgresql / "data" / "global" / "pg_control").unlink()


def database_with_a_broken_control_file(machine: Machine) -> None:
    file = machine.state.postgresql / "data" / "global" / "pg_control"
    content = bytearray(file.read_bytes())
    content[16] ^= 0xFF
    file.write_bytes(content)


def one_kafka_folder_damaged(machine: Machine) -> None:
    (machine.state.kafka / "broker-2" / "data" / "meta.properties").unlink()


def kafka_folders_damaged(machine: Machine) -> None:
    for number in (1, 2):
        shutil.rmtree(machine.state.kafka / f"broker-{number}" / "data")


def another_owner(machine: Machine) -> None:
    give_away(machine.state.kafka)


def database_of_another_owner(machine: Machine) -> None:
    give_away(machine.state.postgresql / "data")


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Only root can give a file to another account. Run this test as root.")
    os.chown(path, 1, 1)


def clock_before_the_last_start(machine: Machine) -> None:
    later = time.time() + 86400
    os.utime(machine.state.root / "settings.json", (later, later))


DAMAGED: dict[str, tuple[str, Break]] = {
    "passwords.json is damaged": ("passwords", passwords_damaged),
    "passwords.json is gone": ("passwords", passwords_gone),
    "the database's PG_VERSION is damaged": ("database", database_without_version),
    "the database is of another PostgreSQL": ("database", database_of_another_version),
    "the database's pg_control is gone": ("database", database_without_control_file),
    "the database's pg_control is damaged": ("database", database_with_a_broken_control_file),
    "the data of one of Kafka's servers are damaged": ("kafka", one_kafka_folder_damaged),
    "the data of several of Kafka's servers are damaged": ("kafka", kafka_folders_damaged),
    "a folder belongs to another account": ("owners", another_owner),
    "the database belongs to another account": ("owners", database_of_another_owner),
    "a clock before the last start": ("clock", clock_before_the_last_start),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_state_folder_is_said_in_a_sentence(what: str, used: Machine):
    check, broken = DAMAGED[what]
    assert used.wrong() == {}
    broken(used)
    says = used.for_the_page(used.refusal())
    # As the page has them: a minute may have passed between the two sentences.
    assert {name: used.for_the_page(sentence) for name, sentence in used.wrong().items()} == {check: says}
    documented(what, says)
