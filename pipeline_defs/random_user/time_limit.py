"""A limit on the whole of a call, whatever it waits for.

The limits of sockets hold for each wait alone. Looking up a host's name has none, and a server that sends its headers
byte by byte keeps every one of them.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Give what the call gives, or raise what it raises, if that takes no longer than so many seconds.

    A call that takes longer is left to itself: its thread does not keep the process from ending.

    Raises:
        TimeoutError: it takes longer.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="within a time limit")
    thread.start()
    thread.join(max(seconds, 0.0))
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
