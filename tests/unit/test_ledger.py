import pytest

from pipeline_defs import ledger
from pipeline_defs.ledger import Position, Totals


def row(topic_id: str, partition: int, next_offset: int, **counts: int) -> dict[str, object]:
    return {
        "topic_id": topic_id,
        "partition": partition,
        "next_offset": next_offset,
        **dict.fromkeys(("inserted", "duplicates", "rejected", "skipped"), 0),
        **counts,
    }


ROWS = [
    row("old", 0, 100, inserted=90, rejected=10),
    row("new", 0, 40, inserted=30, duplicates=4, skipped=6),
    row("new", 1, 5, inserted=5),
]


def test_totals_cover_every_incarnation_of_the_topic():
    assert ledger.totals(ROWS) == Totals(consumed=145, inserted=125, duplicates=4, rejected=10, skipped=6)
    assert ledger.totals([]) == Totals()


def test_since_is_what_moved():
    moved = Totals(10, 7, 1, 1, 1).since(Totals(4, 3, 1, 0, 0))
    assert moved == Totals(6, 4, 0, 1, 1)


@pytest.mark.parametrize(
    ("topic_id", "ends", "expected"),
    [
        ("new", {0: 50, 1: 5}, {0: 10, 1: 0}),
        ("new", {0: 40, 1: 5, 2: 7}, {0: 0, 1: 0, 2: 7}),
        ("newest", {0: 3}, {0: 3}),
        ("new", {0: 20}, {0: 0}),
    ],
)
def test_lag_is_the_ends_minus_the_ledger_of_this_topic_id(
    topic_id: str, ends: dict[int, int], expected: dict[int, int]
):
    assert ledger.lag(ROWS, topic_id, ends) == expected


def test_lag_is_that_of_the_present_life_of_a_topic_whose_end_fell_back():
    rows = [row("new~10", 0, 3), row("new~2", 0, 9), row("new", 0, 40)]
    assert ledger.lag(rows, "new", {0: 5}) == {0: 2}


def test_rows_are_counted_once_and_then_advanced_by_the_ledger():
    position = Position(Totals(inserted=130), row_count=1000, inserted_at_count=100, counted_at=0.0, last_id=5)
    assert position.rows == 1030


def test_a_cursor_reads_back():
    position = Position(ledger.totals(ROWS), 1000, 100, 12.5, 77)
    assert ledger.read_cursor(ledger.write_cursor(position)) == position


@pytest.mark.parametrize("cursor", [None, "", "nonsense", "{}", "[]", '{"totals": {"rows": 3}}'])
def test_a_foreign_cursor_is_no_cursor(cursor: str | None):
    assert ledger.read_cursor(cursor) is None
