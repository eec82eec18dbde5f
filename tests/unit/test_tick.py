from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from pipeline_defs.database import DatabaseError, Session
from pipeline_defs.settings import Settings
from pipeline_defs.tick import SlotNotOurs, Tick, TickError, wait_until
from tests.definitions.fakes import NOW, FakeApi, FakeDatabase, FakeSender, FakeTopic

SLOT = NOW
OWNED = {"slots_claim": [{"slot": SLOT}]}


class Clock:
    """A wall clock that moves only by naps, a little too far each time, as real ones do."""

    def __init__(self, instant: datetime, oversleeps: float = 0.0) -> None:
        self.instant = instant
        self.oversleeps = oversleeps
        self.naps: list[float] = []

    def read(self) -> datetime:
        return self.instant

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.instant += timedelta(seconds=seconds + self.oversleeps)


def a_tick(
    database: FakeDatabase,
    sender: FakeSender,
    seconds_after_slot: float = 0,
    url: str = "http://localhost/api/1.4/",
    *,
    wanted: bool = True,
) -> Tick:
    settings = Settings(people_per_tick=2, cadence_seconds=25)
    clock = Clock(SLOT + timedelta(seconds=seconds_after_slot))
    return Tick(
        settings,
        database,
        FakeTopic(),
        FakeApi(url),
        "run-1",
        wanted=lambda: wanted,
        connect=sender,
        clock=clock.read,
        sleep=clock.sleep,
    )


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


def test_waiting_ends_at_the_instant_and_not_before():
    clock = Clock(NOW, oversleeps=0.0005)
    assert wait_until(NOW + timedelta(seconds=7), lambda: True, clock.read, clock.sleep)
    late = clock.instant - (NOW + timedelta(seconds=7))
    assert timedelta(0) <= late <= timedelta(milliseconds=1)


def test_waiting_for_the_past_is_over_at_once():
    clock = Clock(NOW)
    assert wait_until(NOW - timedelta(seconds=1), lambda: False, clock.read, clock.sleep)
    assert clock.naps == []


def test_waiting_ends_when_it_is_no_longer_wanted():
    clock = Clock(NOW)
    assert not wait_until(NOW + timedelta(seconds=60), lambda: len(clock.naps) < 3, clock.read, clock.sleep)
    assert clock.instant < NOW + timedelta(seconds=7)


def test_a_clock_that_is_set_while_waiting_is_believed():
    clock = Clock(NOW)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds + (3600 if len(clock.naps) == 2 else 0))

    assert wait_until(NOW + timedelta(seconds=1800), lambda: True, clock.read, sleep)
    assert len(clock.naps) == 3


def test_a_tick_claims_its_slot_before_it_sends_and_accounts_for_it(sender: FakeSender):
    database = FakeDatabase(OWNED)
    emission = a_tick(database, sender, 0.002).in_slot(SLOT)
    assert [name for name, _ in database.calls] == ["slots_claim", "slots_finish"]
    assert emission.slot_error_ms == 2
    [row] = database.values_of("slots_finish")
    assert (row["outcome"], row["people"], row["uuids"], row["detail"]) == ("emitted", 2, ["uuid-0", "uuid-1"], None)
    assert [record.key for record in sender.sent] == ["uuid-0", "uuid-1"]


def test_records_carry_the_persons_bytes_and_say_where_they_come_from(sender: FakeSender):
    a_tick(FakeDatabase(OWNED), sender).in_slot(SLOT)
    record = sender.sent[1]
    assert record.value == b'{"n": 1}'
    assert record.headers == {
        "slot": "2026-05-04T12:00:00Z",
        "run": "run-1",
        "source": "http://localhost/api/1.4/",
        "fetched_at": "2026-05-04T12:00:00+00:00",
    }


def test_a_tick_by_hand_sends_at_once_with_an_empty_slot_and_no_row(sender: FakeSender):
    database = FakeDatabase(down=True)
    emission = a_tick(database, sender).at_once()
    assert emission.slot_error_ms is None
    assert {record.headers["slot"] for record in sender.sent} == {""}


def test_a_slot_that_belongs_to_another_run_is_left_alone(sender: FakeSender):
    database = FakeDatabase({"slots_claim": []})
    with pytest.raises(SlotNotOurs, match="another run"):
        a_tick(database, sender).in_slot(SLOT)
    assert sender.sent == []
    assert not database.values_of("slots_finish")


@pytest.mark.parametrize(
    ("seconds_late", "outcome"), [(11.9, "slots_claim"), (12.0, "slots_claim"), (12.1, "slots_miss")]
)
def test_a_run_more_than_twelve_seconds_late_misses_its_slot(sender: FakeSender, seconds_late: float, outcome: str):
    database = FakeDatabase(OWNED)
    if outcome == "slots_miss":
        with pytest.raises(SlotNotOurs, match="missed"):
            a_tick(database, sender, seconds_late).in_slot(SLOT)
    else:
        a_tick(database, sender, seconds_late).in_slot(SLOT)
    assert database.calls[0][0] == outcome
    assert bool(sender.sent) == (outcome == "slots_claim")


@pytest.mark.parametrize("seconds_after_slot", [-60, -0.5, 5])
def test_a_schedule_that_was_switched_off_ends_the_run_without_a_claim(sender: FakeSender, seconds_after_slot: float):
    database = FakeDatabase(OWNED)
    with pytest.raises(SlotNotOurs, match="switched off"):
        a_tick(database, sender, seconds_after_slot, wanted=False).in_slot(SLOT)
    assert database.calls == []
    assert sender.sent == []


def test_an_api_that_fails_makes_a_failed_slot_and_no_record(sender: FakeSender):
    database = FakeDatabase(OWNED)
    with pytest.raises(TickError, match="cannot be reached"):
        a_tick(database, sender, url="http://unreachable/api/1.4/").in_slot(SLOT)
    [row] = database.values_of("slots_finish")
    assert (row["outcome"], row["people"], row["emitted_at"]) == ("failed", 0, None)
    assert "cannot be reached" in str(row["detail"])
    assert sender.sent == []


def test_a_topic_that_refuses_makes_a_failed_slot_that_names_what_was_acknowledged(sender: FakeSender):
    sender.refuses = True
    database = FakeDatabase(OWNED)
    with pytest.raises(TickError, match="acknowledged 1 of 2"):
        a_tick(database, sender).in_slot(SLOT)
    [row] = database.values_of("slots_finish")
    assert (row["outcome"], row["uuids"]) == ("failed", ["uuid-0"])


def test_a_slot_that_is_not_on_the_present_grid_is_left_alone(sender: FakeSender):
    database = FakeDatabase(OWNED)
    with pytest.raises(SlotNotOurs, match="not on the grid of 25 s"):
        a_tick(database, sender).in_slot(SLOT + timedelta(seconds=10))
    assert (database.calls, sender.sent) == ([], [])


class RestartingDatabase(FakeDatabase):
    """Refuses to account for a slot so many times."""

    def __init__(self, refusals: int) -> None:
        super().__init__(OWNED)
        self.refusals = refusals
        self.sessions = 0

    @contextmanager
    def session(self) -> Iterator[Session]:
        self.sessions += 1
        self.refused = {"slots_finish"} if self.sessions <= self.refusals else set()
        with super().session() as session:
            yield session


def test_what_kafka_acknowledged_is_accounted_for_on_a_new_connection(sender: FakeSender):
    database = RestartingDatabase(refusals=4)
    a_tick(database, sender).in_slot(SLOT)
    rows = database.values_of("slots_finish")
    assert len(rows) == database.sessions == 5
    assert rows[-1] == rows[0]
    assert len(sender.sent) == 2


def test_accounting_is_given_up_after_a_while(sender: FakeSender):
    database = RestartingDatabase(refusals=1000)
    with pytest.raises(DatabaseError):
        a_tick(database, sender).in_slot(SLOT)
    assert 15 < database.sessions < 25
