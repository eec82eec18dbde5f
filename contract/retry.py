"""Work that may fail for a reason that passes."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

LOGGER = logging.getLogger(__name__)
Result = TypeVar("Result")
Failure = TypeVar("Failure", bound=Exception)


def retry(
    work: Callable[[], Result],
    seconds: float,
    kind: type[Failure],
    may_pass: Callable[[Failure], bool] = lambda _: True,
) -> Result:
    """Do the work again, with growing pauses, while it fails in a way that may pass.

    Args:
        work: what to do.
        seconds: for how long.
        kind: errors that may pass; others are raised at once.
        may_pass: tells which of that kind do.

    Raises:
        Exception: the last failure, when `seconds` have gone by or it does not pass.
    """
    deadline, pause = time.monotonic() + seconds, 0.25
    while True:
        try:
            return work()
        except kind as error:
            if not may_pass(error) or time.monotonic() + pause > deadline:
                raise
            LOGGER.warning("%s: %s; again in %.2f s", type(error).__name__, str(error).strip(), pause)
        time.sleep(pause)
        pause = min(pause * 2, 5)
