from datetime import UTC, datetime

import pytest

from pipeline_defs.schedule_state import State, any_is_on, latest_start


@pytest.mark.parametrize(
    ("states", "running", "start"),
    [
        ([], True, None),
        ([(True, 100.0)], True, 100),
        ([(False, None)], False, None),
        ([(False, 100.0)], False, None),
        # After "Reset" in the UI: as declared in code, without a moment.
        ([(True, None)], True, None),
        ([(False, None), (True, None)], True, None),
        ([(True, 100.0), (True, None), (True, 200.0), (False, 300.0)], True, 200),
    ],
)
def test_the_schedule_is_on_unless_every_state_is_stopped(states: list[State], *, running: bool, start: int | None):
    assert any_is_on(states) == running
    assert latest_start(states) == (datetime.fromtimestamp(start, UTC) if start else None)
