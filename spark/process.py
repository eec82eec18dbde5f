"""The driver's process: it ends with its JVM, and says in plain words what ended it."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import dropwhile, takewhile

LOGGER = logging.getLogger(__name__)
_GRACE_SECONDS = 5.0
_TRACEBACK = "Traceback (most recent call last):\n"
# What Spark's JVM puts behind the words of an error.
_BEHIND = (" SQLSTATE: ", "\tat ", "=== Streaming Query ===")


def run(main: Callable[[], int]) -> None:
    """Run a program that Spark's JVM has started, and exit with its code: 1 where it could not begin."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    exit_with_parent()
    try:
        code = main()
    except Exception:
        LOGGER.exception("The driver could not begin.")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    # Threads that wait for the JVM must not keep the process.
    os._exit(code)


def exit_with_parent() -> None:
    """Watch the parent process in the background; when it is gone, leave a few seconds for a last word and exit."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="exit_with_parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


def within(seconds: float, work: Callable[[], None]) -> None:
    """Do some work, and stop waiting for it after some seconds."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


def summarize_error(error: BaseException) -> str:
    """Return the name and the words of an error; where Spark has carried it here from a task, those it had there."""
    text = f"{type(error).__name__}: {error}"
    _, carried, innermost = text.rpartition(_TRACEBACK)
    lines = innermost.splitlines()
    if carried:
        lines = dropwhile(lambda line: line.startswith(" "), lines)
    return "\n".join(takewhile(lambda line: line and not line.startswith(_BEHIND), lines))
