from datetime import UTC, datetime
from itertools import islice
from typing import Any

from stack import tail


class Table:
    """The ids of `users`, grown between two looks; ids are given before a transaction ends, so they may land late."""

    def __init__(self, *looks: list[int]) -> None:
        self.looks = iter(looks)
        self.ids: list[int] = []

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as in what it stands for
        if statement == "tail_start":
            self.ids = next(self.looks)
            last = sorted(self.ids)[len(self.ids) - values["lines"] :]
            return [{"id": min(last) - 1 if last else max(self.ids, default=0)}]
        found = sorted(each for each in self.ids if each > values["after"] and each not in values["seen"])
        self.ids = [*self.ids, *next(self.looks, [])]
        return [{"id": each} for each in found[: values["most"]]]


def landed(table: Table, lines: int, looks: int) -> list[list[int]]:
    return [[row["id"] for row in look] for look in islice(tail.landed(table.rows, lines), looks)]


def test_the_last_rows_come_first_and_then_the_new_ones():
    assert landed(Table([1, 2, 3, 4], [5, 6], [7]), lines=2, looks=3) == [[3, 4], [5, 6], [7]]


def test_no_last_rows_are_none():
    assert landed(Table([1, 2], [3]), lines=0, looks=2) == [[], [3]]


def test_a_row_that_lands_after_one_of_a_higher_id_is_shown():
    assert landed(Table([1], [4, 5], [2, 3]), lines=1, looks=3) == [[1], [4, 5], [2, 3]]


def test_no_row_is_shown_twice_however_many_come():
    many = list(range(2, 5000))
    shown = [each for look in landed(Table([1], many), lines=1, looks=10) for each in look]
    assert shown == [1, *many]


def test_a_row_is_a_line():
    row = {
        "id": 12,
        "name": "Ana Díaz",
        "country": "Spain",
        "email": "ana@example.com",
        "ingested_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "kafka_partition": 2,
        "kafka_offset": 34,
    }
    assert tail.line(row) == "03:04:05       12        2/34  Ana Díaz, Spain, ana@example.com"


def test_a_row_from_before_this_pipeline_has_no_place():
    row = {"id": 1, "name": "A", "country": "B", "email": "c", "ingested_at": None, "kafka_offset": None}
    assert tail.line(row) == "before          1           -  A, B, c"
