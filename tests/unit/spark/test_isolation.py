"""A record that ends its task is found by halves."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark.isolation import Isolation, TaskDiedError


class Partition:
    """A partition from offset 0 on, some of whose records end the task that reads them."""

    def __init__(self, deadly: Collection[int]) -> None:
        self.next_offset = 0
        self.deadly = deadly
        self.set_aside: list[int] = []
        self.attempts = 0

    def isolation(self) -> Isolation:
        return Isolation(0, lambda: self.next_offset, self.attempt, self.put_aside, lambda: True)

    def attempt(self, start: int, end: int) -> None:
        assert start == self.next_offset
        self.attempts += 1
        if any(offset in self.deadly for offset in range(start, end)):
            raise TaskDiedError("the executor ran out of memory")
        self.next_offset = end

    def put_aside(self, offset: int, _: str) -> None:
        self.set_aside.append(offset)
        self.next_offset = offset + 1


@given(st.sets(st.integers(0, 499), max_size=8))
def test_deadly_records_alone_are_set_aside(deadly: set[int]):
    partition = Partition(deadly)
    partition.isolation().write_up_to(500)
    assert partition.next_offset == 500
    assert partition.set_aside == sorted(deadly)


def test_one_of_5000_takes_few_attempts():
    partition = Partition({3210})
    partition.isolation().write_up_to(5000)
    assert partition.attempts < 40


def test_all_deadly_is_no_records_fault():
    partition = Partition(range(500))
    with pytest.raises(TaskDiedError):
        partition.isolation().write_up_to(500)
    assert len(partition.set_aside) == 10


def test_part_that_was_committed_is_not_tried_again():
    """A task may die after it has committed a part of its range."""
    partition = Partition({7})

    def attempt(start: int, end: int) -> None:
        partition.next_offset = min(end, 7) if start < 7 else start
        if end > 7 and start <= 7:
            raise TaskDiedError("it died")
        partition.next_offset = end

    Isolation(0, lambda: partition.next_offset, attempt, partition.put_aside, lambda: True).write_up_to(20)
    assert (partition.set_aside, partition.next_offset) == ([7], 20)


def test_stop_ends_it():
    partition = Partition(set())
    Isolation(0, lambda: partition.next_offset, partition.attempt, partition.put_aside, lambda: False).write_up_to(500)
    assert partition.attempts == 0
