"""Is this machine ready for a stack? One list of named checks, for `pipeline up` and for `pipeline doctor`."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stack.errors import MachineError, StackError
from stack.machine import clock, damage, folders, ports, registry, room, software
from stack.machine.situation import Situation

Check = Callable[[Situation], str]  # gives what is well, in a few words; raises MachineError with what is wrong

CHECKS: dict[str, Check] = {
    "java": software.java_runs,
    "state folder": folders.state_folder,
    "cache folder": folders.cache_folder,
    "temporary folder": folders.temporary_folder,
    "owners": folders.owners,
    "database account": software.database_account,
    "disk": room.disk,
    "memory": room.memory,
    "clock": clock.clock,
    "ports": ports.ports,
    "processes": ports.left_behind,
    "passwords": damage.passwords,
    "database": damage.database,
    "kafka": damage.kafka_folders,
    "jars": registry.jars_are_whole,
}

# What `pipeline up` mends by itself, so that it need not be well before.
_MENDED = ("processes", "jars")


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    well: bool
    says: str


def examine(situation: Situation) -> list[Finding]:
    """Make every check, and give what each found."""
    return list(_findings(situation, list(CHECKS)))


def require(situation: Situation) -> None:
    """Make the checks that decide whether a stack can start.

    Raises:
        MachineError: the first of them that is not well.
    """
    for finding in _findings(situation, [name for name in CHECKS if name not in _MENDED]):
        if not finding.well:
            raise MachineError(finding.says)


def _findings(situation: Situation, names: list[str]) -> Iterator[Finding]:
    # At once, because some wait for an answer from far away.
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        yield from pool.map(lambda name: _finding(situation, name), names)


def _finding(situation: Situation, name: str) -> Finding:
    try:
        return Finding(name, well=True, says=CHECKS[name](situation))
    except StackError as error:
        return Finding(name, well=False, says=str(error))
