"""The driver's Python process ends with the JVM that started it, and never later."""

import os
import threading
import time

_GRACE_SECONDS = 5.0


def end_with_parent() -> None:
    """Watch the parent process in the background; when it is gone, leave a few seconds for a last word and exit."""
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
