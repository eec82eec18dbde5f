"""One round: a load, a fault while a batch of it is uncommitted, recovery, and a look for every record."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

import psycopg2
from confluent_kafka import KafkaException

from tests.faults import calm, timeline
from tests.faults.faults import Fault, Steps
from tests.faults.load import Load
from tests.faults.timeline import Timeline
from tests.faults.verification import Before, Verdict, ends_of, is_consumed, verify
from tests.faults.witness import catch
from tests.integration import proof, stream
from tests.integration.stack import TOPIC, Stack
from tests.waiting import until

Answer = TypeVar("Answer")
_RECOVERY_SECONDS = 600.0
_TAIL_SHARE = 0.05


@dataclass(frozen=True)
class Round:
    """What one round showed; `complaint` is what the check `nothing_lost` said, nothing while it is green."""

    fault: str
    seed: int
    records: int
    verdict: Verdict
    timeline: Timeline
    complaint: str


def play(stack: Stack, name: str, fault: Fault, seed: int, count: int) -> Round:
    """Play a round."""
    say(f"{name}, seed {seed}: begins")
    chance = Random(seed)  # noqa: S311 - to be repeated
    wait_until_calm(stack)
    stream.forget_starts(stack)
    before = Before.now(stack)
    tail_count = int(count * _TAIL_SHARE)
    load, tail = Load(seed, count - tail_count), Load(seed + 1_000_000, tail_count)
    steps = fault.steps(stack, chance)
    next(steps)
    with ThreadPoolExecutor(1) as pool:
        start = _consumed(stack)
        sending = pool.submit(load.send, stack.bootstrap_servers, TOPIC)
        share = chance.uniform(0.02, 0.5)
        until(lambda: _failed(sending) or _consumed(stack) - start > share * load.count, "a part of the load consumed")
        if fault.after_sending:
            sending.result()
        struck_at = _strike(stack, fault, steps)
        for _ in steps:
            raise AssertionError(f"{name} has more than two yields")
        sending.result()
    tail.send(stack.bootstrap_servers, TOPIC)
    places = load.places | tail.places
    ends = ends_of(places)
    until_reachable(lambda: is_consumed(stack, ends), "every record consumed")
    recovered_at = datetime.now(UTC)
    wait_until_calm(stack)
    verdict = verify(stack, places, before)
    told = timeline.read(stack, struck_at, recovered_at, before.last_id, fault.rightly)
    [complaint] = until_reachable(lambda: [proof.complaint(stack)], "what nothing_lost says")
    if complaint:
        proof.acknowledge(stack)
    played = Round(name, seed, len(places), verdict, told, complaint)
    say(f"{played}, all consumed after {recovered_at - struck_at}")
    return played


def _strike(stack: Stack, fault: Fault, steps: Steps) -> datetime:
    """Strike while a batch is uncommitted, and give when."""
    batch = catch(stack, fault.caught)
    struck_at = datetime.now(UTC)
    try:
        steps.send(batch)
    finally:
        batch.release()
    return struck_at


def wait_until_calm(stack: Stack) -> None:
    """Wait until everything is as it should be when nothing happens."""
    found: list[str] = []

    def is_calm() -> bool:
        found[:] = calm.lacks(stack)
        return not found

    try:
        until(is_calm, "calm", _RECOVERY_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{error}: {'; '.join(found)}") from None


def until_reachable(question: Callable[[], Answer], what: str, seconds: float = _RECOVERY_SECONDS) -> Answer:
    """Give the first truthy answer, while PostgreSQL and Kafka may be away."""

    def ask() -> Answer | None:
        try:
            return question()
        except (psycopg2.Error, KafkaException, TimeoutError):
            return None

    return until(ask, what, seconds)


def _failed(sending: Future[None]) -> bool:
    """Raise what ended the sending of a load, if anything did."""
    return sending.done() and sending.result() is not None


def _consumed(stack: Stack) -> int:
    return int(stack.one("SELECT coalesce(sum(next_offset - first_offset), 0) FROM stream_offsets"))


def say(text: str) -> None:
    """Tell whoever watches a session of hours."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
