from datetime import timedelta

import pytest

from pipeline_defs.supervision.starts import DriverStart, OwnStart, failures, next_start
from tests.unit.supervision.worlds import ago, failed, own

LONG_AGO = ago(900)
RUNS = DriverStart(ago(1), "driver-1", "app-1")


@pytest.mark.parametrize(
    ("starts", "count"),
    [
        ([], 0),
        ([RUNS], 0),
        (failed(30, 20, 10), 3),
        ([*failed(30, 20, outcome="lost"), *failed(10)], 5 / 3),
        ([*failed(30, 20, outcome="stopped"), *failed(10, outcome="refused")], 0),
        # A start that another one followed died without a word.
        ([*failed(30, 20, outcome=None), RUNS], 2 / 3),
        # One that was refused followed nobody, and one that waits for the lease does not yet.
        ([RUNS, *failed(0, outcome="refused")], 0),
        ([RUNS, *failed(60, outcome="refused"), *failed(0, outcome=None)], 0),
        ([*failed(30, 20, 10, outcome=None)], 1 / 3),
        # Nor does it count for another that was refused.
        (failed(*range(600, 0, -60), outcome="refused"), 0),
        (failed(1000, 901, 10), 1),
    ],
)
def test_what_counts(starts: list[DriverStart], count: float):
    assert failures(starts, [], LONG_AGO) == pytest.approx(count)


def test_a_driver_that_never_wrote_a_word_counts_once_another_start_had_to_follow():
    assert failures([], own(600, 300, 10), LONG_AGO) == 2
    wrote = [DriverStart(ago(590), "driver-10"), RUNS]
    assert failures(wrote, own(600, 300, 10), LONG_AGO) == pytest.approx(1 + 1 / 3)
    assert failures([], [OwnStart(ago(600)), *own(10)], LONG_AGO) == 0


def test_the_pause_doubles_up_to_its_limit():
    pauses = []
    for number in range(1, 8):
        starts = own(*range(number, 0, -1))
        found = next_start(starts, LONG_AGO, timedelta(seconds=30), timedelta(seconds=480))
        pauses.append(0 if found is None else (found - starts[-1].at).total_seconds())
    assert pauses == [30, 60, 120, 240, 480, 480, 480]
    assert next_start(own(1000), LONG_AGO, timedelta(seconds=30), timedelta(seconds=480)) is None
