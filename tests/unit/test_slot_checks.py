import pytest
from dagster import AssetCheckSeverity

from pipeline_defs.slot_checks import judge_slots
from tests.unit.supervision.worlds import ago


def row(**counts: int) -> dict[str, object]:
    return {
        "slots": 24,
        "missed": 0,
        "failed": 0,
        "late": 0,
        "beginning": 0,
        "newest": ago(30) if counts else None,
        **counts,
    }


def test_a_grid_that_is_kept_passes():
    found = judge_slots(row(), 3)
    assert (found.passed, found.description) == (True, "Of 24 slots in the last 10 minutes: none missed or late.")


@pytest.mark.parametrize(
    ("counts", "severity", "says"),
    [
        ({"late": 9}, AssetCheckSeverity.WARN, "9 late"),
        ({"missed": 1, "failed": 1}, AssetCheckSeverity.WARN, "1 missed, 1 failed"),
        ({"missed": 2, "failed": 1, "late": 1}, AssetCheckSeverity.ERROR, "2 missed, 1 failed, 1 late"),
        # The schedule has just begun.
        ({"missed": 4, "beginning": 4}, AssetCheckSeverity.WARN, "4 missed (4 of them while the schedule began)"),
        ({"missed": 6, "beginning": 4}, AssetCheckSeverity.WARN, "6 missed (4 of them while the schedule began)"),
        ({"missed": 7, "beginning": 4}, AssetCheckSeverity.ERROR, "7 missed (4 of them while the schedule began)"),
    ],
)
def test_a_grid_that_is_not(counts: dict[str, int], severity: AssetCheckSeverity, says: str):
    found = judge_slots(row(**counts), 3)
    assert (found.passed, found.severity) == (False, severity)
    assert str(found.description).endswith(f": {says}.")
