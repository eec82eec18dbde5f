import pytest

from pipeline_defs.supervision.driver_error import DriverError, relevant_error, with_error
from pipeline_defs.supervision.states import HEALTHY, State
from tests.unit.supervision.worlds import ago

OOM = "Partition 1, offset 10814: the task that read it ended: the executor ran out of memory."
LEASE = "Another driver holds the lease."
ENDED = DriverError(OOM, "failed", ago(9))
TRIES_ON = DriverError(OOM)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (None, "stalled: 7 records wait"),
        (ENDED, f"stalled: 7 records wait. A driver ended at 2026-05-04 11:59:51 UTC: {OOM[:-1]}"),
        (TRIES_ON, f"stalled: 7 records wait. Its driver wrote: {OOM[:-1]}"),
        (
            DriverError(LEASE, "refused", ago(9)),
            f"stalled: 7 records wait. A driver was refused at 2026-05-04 11:59:51 UTC: {LEASE[:-1]}",
        ),
    ],
)
def test_quotation(error: DriverError | None, text: str):
    assert with_error("stalled: 7 records wait", error) == text


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("\n  SequenceGeneratorLimitExceeded: nextval\nCONTEXT: COPY users", "SequenceGeneratorLimitExceeded: nextval"),
        ("tabs\tand  blanks", "tabs and blanks"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "…"),
        ("", ""),
    ],
)
def test_quotation_is_one_bounded_line(written: str, quoted: str):
    assert DriverError(written).quotation == f"Its driver wrote: {quoted}"


@pytest.mark.parametrize("state", State)
def test_error_belongs_to_state(state: State):
    """An error that ended a driver: to one that is not healthy. One of a driver that runs: to any that is wanted."""
    assert relevant_error(state, None) is None
    assert relevant_error(state, ENDED) == (None if state in HEALTHY else ENDED)
    assert relevant_error(state, TRIES_ON) == (None if state is State.STOPPED_ON_PURPOSE else TRIES_ON)
