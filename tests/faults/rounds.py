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
from tests.faults.faults import STRUCK, Fault, Steps
from tests.faults.load import Load
from tests.faults.timeline import Timeline
from tests.faults.verification import Before, Verdict, is_consumed, verify
from tests.faults.victims import Transaction
from tests.faults.witness import is_committed, open_transaction
from tests.integration.stack import TOPIC, Stack
from tests.waiting import until

Answer = TypeVar("Answer")
# As if somebody had asked for the stream just now: the starts of earlier rounds don't count as a crash loop.
_FORGET_STARTS = "UPDATE stream_state SET asked_at = now()"
_RECOVERY_SECONDS = 600.0
_TRIES = 5
_TAIL_SHARE = 0.05


class TooLateError(Exception):
    """The batch was committed before the fault struck it: the round does not count."""


@dataclass(frozen=True)
class Round:
    """What one round showed."""

    fault: str
    seed: int
    records: int
    verdict: Verdict
    timeline: Timeline


def play(stack: Stack, name: str, fault: Fault, seed: int, count: int) -> Round:
    """Play rounds until one counts: until the fault met an uncommitted batch."""
    for attempt in range(_TRIES):
        try:
            return _play(stack, name, fault, seed + attempt, count)
        except TooLateError:
            _say(f"{name}, seed {seed + attempt}: the batch was committed already; again")
    raise AssertionError(f"{name}: in {_TRIES} rounds no fault met an uncommitted batch")


def _play(stack: Stack, name: str, fault: Fault, seed: int, count: int) -> Round:
    _say(f"{name}, seed {seed}: begins")
    chance = Random(seed)  # noqa: S311 - to be repeated
    wait_until_calm(stack)
    stack.query(_FORGET_STARTS)
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
        seen, struck_at = _strike(stack, steps)
        in_flight = _was_in_flight(stack, seen)
        for _ in steps:
            raise AssertionError(f"{name} has more than two yields")
        sending.result()
    tail.send(stack.bootstrap_servers, TOPIC)
    places = load.places | tail.places
    until_reachable(lambda: is_consumed(stack, places), "every record consumed")
    recovered_at = datetime.now(UTC)
    wait_until_calm(stack)
    verdict = verify(stack, places, before)
    told = timeline.read(stack, struck_at, recovered_at, before.last_id, fault.rightly)
    _say(f"{name}, seed {seed}: {verdict}, {told}, all consumed after {recovered_at - struck_at}")
    if not in_flight:
        assert verdict.is_clean
        raise TooLateError
    return Round(name, seed, len(places), verdict, told)


def _strike(stack: Stack, steps: Steps) -> tuple[Transaction, datetime]:
    """Strike while a transaction is open; give which and when."""
    while True:
        seen, struck_at = open_transaction(stack), datetime.now(UTC)
        if steps.send(seen) is STRUCK:
            return seen, struck_at


def _was_in_flight(stack: Stack, seen: Transaction) -> bool:
    [committed] = until_reachable(lambda: [is_committed(stack, seen)], "what became of the batch")
    return not committed


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


def _say(text: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
