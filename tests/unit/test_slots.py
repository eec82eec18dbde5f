from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_defs import slots

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
CADENCES = st.integers(5, 3600)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-04T{text}+00:00")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("12:00:00", "12:01:00", ["12:00:00", "12:00:25", "12:00:50"]),
        ("12:00:00.001", "12:00:50", ["12:00:25", "12:00:50"]),
        ("12:00:01", "12:00:24", []),
        ("12:00:25", "12:00:25", ["12:00:25"]),
        ("12:01:00", "12:00:00", []),
    ],
)
def test_grid_holds_the_slots_of_a_range(start: str, end: str, expected: list[str]):
    assert slots.grid(at(start), at(end), 25) == [at(text) for text in expected]


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(hours=1)), CADENCES)
def test_grid_is_every_multiple_of_the_cadence_and_nothing_else(start: datetime, length: timedelta, cadence: int):
    found = slots.grid(start, start + length, cadence)
    first, last = start.timestamp(), (start + length).timestamp()
    assert [slot.timestamp() for slot in found] == [
        second for second in range(int(first), int(last) + 1) if second % cadence == 0 and first <= second <= last
    ]


@given(INSTANTS, INSTANTS, CADENCES)
def test_neighbouring_ranges_share_no_slot_and_lose_none(one: datetime, other: datetime, cadence: int):
    start, middle = sorted((one, other))
    end = start + timedelta(hours=1)
    middle = min(middle, end)
    after = middle + timedelta(microseconds=1)
    parts = slots.grid(start, middle, cadence) + slots.grid(after, end, cadence)
    assert parts == slots.grid(start, end, cadence)


@given(INSTANTS)
def test_a_label_reads_back_to_its_slot(instant: datetime):
    slot = instant.replace(microsecond=0)
    assert slots.from_tags({slots.SLOT_TAG: slots.label(slot)}) == slot


def test_a_run_without_a_slot_is_one_by_hand():
    assert slots.from_tags({"dagster/run_key": "x"}) is None


@pytest.mark.parametrize(("cadence", "seconds"), [(25, 12), (60, 12), (10, 5), (5, 2.5)])
def test_a_run_may_be_late_by_less_than_half_a_cadence(cadence: int, seconds: float):
    assert slots.lateness_allowed(cadence) == timedelta(seconds=seconds)


def test_slot_error_is_in_milliseconds_and_negative_when_too_early():
    slot = at("12:00:00")
    assert slots.error_milliseconds(slot, slot + timedelta(microseconds=1500)) == 1.5
    assert slots.error_milliseconds(slot, slot - timedelta(milliseconds=2)) == -2


@given(INSTANTS, CADENCES)
def test_every_slot_of_a_grid_is_on_it_and_its_neighbour_second_is_not(start: datetime, cadence: int):
    for slot in slots.grid(start, start + timedelta(hours=1), cadence):
        assert slots.on_grid(slot, cadence)
        assert not slots.on_grid(slot + timedelta(seconds=1), cadence)


@given(CADENCES)
def test_the_latest_run_has_its_people_before_the_next_slot(cadence: int):
    latest = slots.lateness_allowed(cadence) + slots.fetching_allowed(cadence)
    assert timedelta(seconds=5) <= latest <= timedelta(seconds=cadence)
