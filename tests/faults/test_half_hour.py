"""Half an hour with a random fault every minute, under a steady stream of records: FAULT_MINUTES=30 FAULT_SEED=…"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from random import Random

import psutil

from tests.faults import victims
from tests.faults.load import Load, Place, Sent
from tests.faults.rounds import say, until_reachable, wait_until_calm
from tests.faults.verification import Before, ends_of, is_consumed, verify
from tests.integration import proof
from tests.integration.stack import TOPIC, Stack

_MINUTE = 60.0
_RECORDS, _PAUSE_SECONDS = 500, 5.0
# Heaps are bounded, but fill slowly; a leak would show as growth beyond both of these.
_GROWTH, _GROWTH_MIB = 1.5, 100
_COMPONENTS = (
    *("broker-1", "broker-2", "broker-3", "controller-1", "controller-2", "controller-3", "postgres"),
    *("spark-master", "spark-worker-1", "spark-worker-2", "dagster-daemon", "dagster-code", "dagster-webserver"),
)
_OF_THE_STREAM: Mapping[str, Callable[[Stack], list[psutil.Process]]] = {
    "the driver's JVM": victims.driver_jvms,
    "the driver's Python": victims.driver_pythons,
    "an executor": victims.executors,
    "a Python worker": victims.python_workers,
}


def test_half_an_hour_of_random_faults_ends_healthy(stack: Stack) -> None:
    minutes = int(os.environ.get("FAULT_MINUTES", "30"))
    seed = int(os.environ.get("FAULT_SEED") or secrets.randbelow(1_000_000))
    chance = Random(seed)  # noqa: S311 - to be repeated
    wait_until_calm(stack)
    before, memory = Before.now(stack), [_memory(stack)]
    with _steady_load(stack, seed) as sent:
        for minute in range(minutes):
            until = time.monotonic() + _MINUTE
            say(f"minute {minute + 1}, seed {seed}: {_strike(stack, chance)} killed")
            time.sleep(max(0.0, until - time.monotonic()))
            memory.append(_memory(stack))
    ends = ends_of(sent)
    until_reachable(lambda: is_consumed(stack, ends), "every record consumed", 1200)
    wait_until_calm(stack)
    verdict, complaint = verify(stack, sent, before), proof.complaint(stack)
    memory.append(_memory(stack))
    say(f"{len(sent):,} records: {verdict}; nothing_lost: {complaint or 'green'}")
    say(f"MiB at the start, the most in the first third, the most in the last third, and at the end:\n{_table(memory)}")
    assert verdict.is_clean
    assert not complaint
    assert not [name for name in memory[0] if _grows([look.get(name, 0) for look in memory])], _table(memory)


@contextmanager
def _steady_load(stack: Stack, seed: int) -> Iterator[dict[Place, Sent]]:
    sent: dict[Place, Sent] = {}
    done, servers = threading.Event(), stack.bootstrap_servers

    def send() -> None:
        for number in count(1):
            if done.wait(_PAUSE_SECONDS):
                return
            load = Load(seed * 10_000 + number, _RECORDS)
            load.send(servers, TOPIC)
            sent.update(load.places)

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        try:
            yield sent
        finally:
            done.set()
            sending.result()


def _strike(stack: Stack, chance: Random) -> str:
    """Kill something that runs, and name it."""
    names = [*_COMPONENTS, *_OF_THE_STREAM]
    chance.shuffle(names)
    for name in names:
        try:
            found = _OF_THE_STREAM[name](stack) if name in _OF_THE_STREAM else [victims.component(stack, name)]
            chance.choice(found).kill()
        except (IndexError, AssertionError, psutil.NoSuchProcess):  # it does not run just now
            continue
        return name
    raise AssertionError("nothing runs that could be killed")


def _memory(stack: Stack) -> dict[str, int]:
    """Give the memory of each component and what it has started, in MiB."""
    return {name: component["memory_mib"] for name, component in stack.components().items() if component["memory_mib"]}


def _grows(series: list[int]) -> bool:
    first, last = _thirds(series)
    return last > first * _GROWTH and last > first + _GROWTH_MIB


def _thirds(series: list[int]) -> tuple[int, int]:
    third = max(1, len(series) // 3)
    return max(series[:third]), max(series[-third:])


def _table(looks: list[dict[str, int]]) -> str:
    lines = []
    for name in looks[0]:
        series = [look.get(name, 0) for look in looks]
        lines.append(f"{name:20} {series[0]:6} {_thirds(series)[0]:6} {_thirds(series)[1]:6} {series[-1]:6}")
    return "\n".join(lines)
