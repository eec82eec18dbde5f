"""What people have to know of an error. The whole of it, with tracebacks and Spark's plan, is in the driver's log."""

from itertools import dropwhile, takewhile

_TRACEBACK = "Traceback (most recent call last):\n"
# What Spark's JVM puts behind the words of an error.
_BEHIND = (" SQLSTATE: ", "\tat ", "=== Streaming Query ===")


def cause(error: BaseException) -> str:
    """Give the name and the words of an error; where Spark has carried it here from a task, those it had there."""
    text = f"{type(error).__name__}: {error}"
    _, carried, innermost = text.rpartition(_TRACEBACK)
    lines = innermost.splitlines()
    if carried:
        lines = dropwhile(lambda line: line.startswith(" "), lines)
    return "\n".join(takewhile(lambda line: line and not line.startswith(_BEHIND), lines))
