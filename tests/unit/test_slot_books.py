from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_defs.slot_books import Books, Stretch, next_step, read_cursor, write_cursor


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-04T{text}+00:00")


ON = at("12:00:00")
BOOKS = Books(switched_on=ON, cadence_seconds=25, closed_until=at("12:05:00"), seen_on=at("12:05:30"))
NOW = at("12:06:00")


def step(
    books: Books | None = BOOKS,
    *,
    on: bool = True,
    since: datetime | None = ON,
    now: datetime = NOW,
    cadence_seconds: int = 25,
) -> tuple[Stretch | None, Books | None]:
    return next_step(books, on=on, since=since if on else None, now=now, cadence_seconds=cadence_seconds)


def test_books_open_when_the_schedule_was_switched_on():
    assert step(None) == (None, Books(ON, 25, closed_until=ON, seen_on=NOW))


def test_books_open_when_the_schedule_is_first_seen_on_if_nobody_knows_more():
    assert step(None, since=None) == (None, Books(None, 25, closed_until=NOW, seen_on=NOW))


def test_books_go_on_where_they_were_closed():
    until = at("12:05:30")
    assert step() == (Stretch(at("12:05:00"), until, 25), replace(BOOKS, closed_until=until, seen_on=NOW))


@pytest.mark.parametrize(("switched_on", "since"), [(ON, None), (None, ON), (None, None)])
def test_a_moment_that_dagster_forgot_or_remembered_opens_no_new_books(
    switched_on: datetime | None, since: datetime | None
):
    _, books = step(replace(BOOKS, switched_on=switched_on), since=since)
    assert books
    assert (books.switched_on, books.closed_until) == (switched_on or since, at("12:05:30"))


def test_switching_off_closes_the_books_up_to_the_moment_it_is_seen():
    assert step(on=False) == (Stretch(at("12:05:00"), NOW, 25), None)


def test_a_schedule_that_is_off_misses_nothing():
    assert step(None, on=False) == (None, None)


def test_off_and_on_between_two_looks_closes_what_was_seen_and_opens_new_books():
    again = at("12:05:50")
    assert step(since=again) == (Stretch(at("12:05:00"), at("12:05:30"), 25), Books(again, 25, again, NOW))


def test_a_new_cadence_closes_the_old_grid_on_the_old_grid():
    assert step(cadence_seconds=10) == (Stretch(at("12:05:00"), NOW, 25), Books(ON, 10, NOW, NOW))


def test_after_a_long_absence_the_books_are_closed_day_by_day():
    books, stretches = BOOKS, []
    later = NOW + timedelta(days=2, hours=1)
    while books:
        stretch, books = step(books, on=False, now=later)
        later += timedelta(seconds=30)
        stretches.append(stretch)
    assert [stretch.end - stretch.start for stretch in stretches if stretch] == [
        timedelta(days=1),
        timedelta(days=1),
        timedelta(hours=1, minutes=1),
    ]


def test_a_clock_that_is_set_back_reopens_nothing():
    stretch, books = step(now=at("12:01:00"))
    assert stretch == Stretch(at("12:05:00"), at("12:05:00"), 25)
    assert books
    assert books.closed_until == at("12:05:00")


@pytest.mark.parametrize("books", [BOOKS, replace(BOOKS, switched_on=None), replace(BOOKS, ended=NOW), None])
def test_a_cursor_reads_back(books: Books | None):
    assert read_cursor(write_cursor(books)) == books


@pytest.mark.parametrize("cursor", [None, "", "null", "nonsense", "[]", "{}", '{"closed": 7}'])
def test_a_foreign_cursor_is_none(cursor: str | None):
    assert read_cursor(cursor) is None


def test_times_are_kept_in_utc():
    books = read_cursor(write_cursor(BOOKS))
    assert books
    assert books.closed_until.tzinfo == UTC
