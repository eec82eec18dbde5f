"""Wait on a condition, never on a guess of how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# Generous: a machine four times slower than the one that this was written on must pass too.
PATIENCE_SECONDS = 240


def until(condition: Callable[[], Value | None], what: str, seconds: float = PATIENCE_SECONDS) -> Value:
    """Give the first truthy value of `condition`, asked four times a second.

    Raises:
        AssertionError: `condition` stayed falsy for `seconds`; the message names `what` was awaited and the last value.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}; last seen: {value!r}"
        time.sleep(0.25)
    return value
