"""Which stretches hold the gaps, and what a passage shows of one."""

from datetime import UTC, datetime

import pytest

from pipeline_defs.nothing_lost.gaps import Fate, Gap, fate, merge
from pipeline_defs.nothing_lost.reading import Passage, Record, Stretch

_AT = datetime(2026, 5, 4, tzinfo=UTC)


def gap(first: int, last: int, partition: int = 0) -> Gap:
    return Gap("A", partition, first, last, 0.0)


def passage(low: int | None, through: int, *offsets: int, is_too_large: bool = False) -> Passage:
    records = [Record(0, offset, _AT, None) for offset in offsets]
    return Passage(Stretch(0, 0, 100), low, through, records, is_too_large)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (passage(0, 100, 5, 21), Fate.EMPTY),
        (passage(10, 21), Fate.EMPTY),
        (passage(0, 20), Fate.WAITING),
        (passage(0, 0), Fate.WAITING),
        (passage(None, 0), Fate.WAITING),
        (passage(0, 100, 10), Fate.RECORD),
        (passage(0, 21, 20), Fate.RECORD),
        (passage(0, 16, 15), Fate.RECORD),
        (passage(15, 21, 15), Fate.RECORD),
        (passage(21, 0), Fate.UNREADABLE),
        (passage(15, 21), Fate.UNREADABLE),
        (passage(15, 15), Fate.WAITING),
        (passage(0, 15, is_too_large=True), Fate.UNREADABLE),
        (passage(0, 21, is_too_large=True), Fate.EMPTY),
    ],
)
def test_fate(seen: Passage, expected: Fate):
    """The gap is from 10 to 20."""
    assert fate(gap(10, 20), seen) is expected


def test_merge():
    """Neighbours are read in one go, those far apart and those of other partitions are not."""
    gaps = [gap(10, 12), gap(1013, 1013), gap(2015, 2020), gap(5, 5, partition=1)]
    assert merge(reversed(gaps)) == {
        Stretch(0, 10, 1014): gaps[:2],
        Stretch(0, 2015, 2021): gaps[2:3],
        Stretch(1, 5, 6): gaps[3:],
    }


def test_merge_of_many():
    """A marker after each record, as one producer with transactions leaves it, is one stretch."""
    assert list(merge(gap(offset, offset) for offset in range(1, 10_000, 2))) == [Stretch(0, 1, 10_000)]
