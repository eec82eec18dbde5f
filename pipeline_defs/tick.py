"""One tick: wait for the slot, claim it, fetch people, send them, account for it."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pipeline_defs import slots
from pipeline_defs.database import Database, DatabaseError, Session
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_sender import Delivery, DeliveryError, Record, Sender, sender
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.random_user import Fetched, RandomUserApi, RandomUserError
from pipeline_defs.settings import Settings

# The last stretch before the slot belongs to connecting; only then is it waited for to the millisecond.
PREPARATION = timedelta(seconds=4)
_LOOK_EVERY_SECONDS = 2.0
# What Kafka acknowledged must get into the slot's row, also when PostgreSQL restarts just then.
_ACCOUNT_AGAIN_FOR = timedelta(seconds=20)
_SWITCHED_OFF = "the schedule was switched off"


@dataclass(frozen=True)
class Emission:
    """What a tick sent, and how far behind its slot it began (None without a slot)."""

    fetched: Fetched
    deliveries: Sequence[Delivery]
    slot_error_ms: float | None = None


class TickError(PipelineError):
    """The tick sent nothing, or not everything; says what was acknowledged."""

    def __init__(self, message: str, acknowledged: Sequence[Delivery] = ()) -> None:
        super().__init__(message)
        self.acknowledged = acknowledged


class SlotNotOurs(Exception):  # noqa: N818 - a quiet end, not an error
    """The run has nothing to do: its slot is taken, past, or no longer wanted; says which."""


@dataclass(frozen=True)
class Tick:
    """One run's tick.

    Attributes:
        settings: how many people, and the cadence.
        database: the tables; `slots` is one of them.
        topic: where people go.
        api: where people come from.
        run_id: of the Dagster run.
        wanted: whether the schedule is still switched on.
        connect: makes a connected sender.
        clock: the wall clock in UTC, on which the grid lives.
        sleep: waits for that many seconds.
    """

    settings: Settings
    database: Database
    topic: Topic
    api: RandomUserApi
    run_id: str
    wanted: Callable[[], bool]
    connect: Callable[[Topic], AbstractContextManager[Sender]] = sender
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def at_once(self) -> Emission:
        """Send people now, as a launch by hand does.

        Raises:
            TickError: the people did not come, or Kafka did not acknowledge them all.
        """
        with self.connect(self.topic) as connected:
            return self._emit(connected, None)

    def in_slot(self, slot: datetime) -> Emission:
        """Wait for a slot, claim it, send people, and write the outcome into the slot's row.

        Raises:
            SlotNotOurs: nothing is to be sent.
            TickError: the people did not come, or Kafka did not acknowledge them all.
            DatabaseError: PostgreSQL doesn't answer.
        """
        cadence = self.settings.cadence_seconds
        if not slots.on_grid(slot, cadence):
            raise SlotNotOurs(f"slot {slots.label(slot)} is not on the grid of {cadence} s")
        if not self.wanted():
            raise SlotNotOurs(_SWITCHED_OFF)
        self._wait(slot - PREPARATION)
        # Everything slow comes before the slot.
        with self.database.session() as session, self.connect(self.topic) as connected:
            self._wait(slot)
            claimed_at = self.clock()
            claim(session, slot, self.run_id, cadence, claimed_at)
            try:
                emission = self._emit(connected, slot)
            except TickError as error:
                self._account(session, slot, error)
                raise
            self._account(session, slot, emission)
        return replace(emission, slot_error_ms=slots.error_milliseconds(slot, claimed_at))

    def _wait(self, instant: datetime) -> None:
        if not wait_until(instant, self.wanted, self.clock, self.sleep):
            raise SlotNotOurs(_SWITCHED_OFF)

    def _emit(self, connected: Sender, slot: datetime | None) -> Emission:
        try:
            seconds = slots.fetching_allowed(self.settings.cadence_seconds).total_seconds()
            fetched = self.api.fetch(self.settings.people_per_tick, deadline_seconds=seconds)
            return Emission(fetched, connected.send(records_of(fetched, slot, self.run_id)))
        except RandomUserError as error:
            raise TickError(str(error)) from error
        except DeliveryError as error:
            raise TickError(str(error), error.acknowledged) from error

    def _account(self, session: Session, slot: datetime, result: Emission | TickError) -> None:
        """Write how the tick ended into the row of its slot; on new connections where the open one is lost."""
        deliveries = result.deliveries if isinstance(result, Emission) else result.acknowledged
        ended_at = self.clock()
        values = {
            "slot": slot,
            "run_id": self.run_id,
            "emitted_at": ended_at if deliveries else None,
            "people": len(deliveries),
            "uuids": [delivery.key for delivery in deliveries],
            "outcome": "emitted" if isinstance(result, Emission) else "failed",
            "detail": None if isinstance(result, Emission) else str(result),
        }
        run = session.run
        while True:
            try:
                run("slots_finish", **values)
            except DatabaseError:
                if self.clock() - ended_at >= _ACCOUNT_AGAIN_FOR:
                    raise
                self.sleep(1.0)
                run = self.database.run
            else:
                return


def wait_until(
    instant: datetime, wanted: Callable[[], bool], clock: Callable[[], datetime], sleep: Callable[[float], None]
) -> bool:
    """Wait for an instant of the wall clock, and ask every 2 s whether it is still worth waiting.

    The clock is read again after every nap, so a clock that is set while waiting does no harm.

    Returns:
        Whether the instant came; False as soon as it isn't wanted any more.
    """
    while (left := (instant - clock()).total_seconds()) > 0:
        if left > 1.0 and not wanted():
            return False
        left = (instant - clock()).total_seconds()
        # Waking from a long nap can be late by some ms, from a short one by some tenths.
        nap = min(_LOOK_EVERY_SECONDS, left - 0.05) if left > 0.1 else left  # noqa: PLR2004
        sleep(max(nap, 0.0))
    return True


def claim(session: Session, slot: datetime, run_id: str, cadence_seconds: int, claimed_at: datetime) -> None:
    """Claim a slot by inserting its row; a slot that is too far in the past is noted as missed instead.

    Raises:
        SlotNotOurs: it is past, or somebody else's.
    """
    late = claimed_at - slot
    if late > slots.lateness_allowed(cadence_seconds):
        detail = f"its run came {late.total_seconds():.1f} s late"
        session.run("slots_miss", slot=slot, run_id=run_id, detail=detail)
        raise SlotNotOurs(f"slot {slots.label(slot)} is missed: {detail}")
    if not session.run("slots_claim", slot=slot, run_id=run_id, claimed_at=claimed_at):
        raise SlotNotOurs(f"slot {slots.label(slot)} belongs to another run, or is closed")


def records_of(fetched: Fetched, slot: datetime | None, run_id: str) -> list[Record]:
    """Make the Kafka records of people. The headers say where each came from; a tick by hand has an empty slot."""
    headers = {
        "slot": slots.label(slot) if slot else "",
        "run": run_id,
        "source": fetched.source,
        "fetched_at": fetched.fetched_at.isoformat(),
    }
    return [Record(person.uuid, person.raw, headers) for person in fetched.people]
