"""Where Spark is: the pyspark wheel has all of it inside."""

from importlib.util import find_spec
from pathlib import Path

from stack.errors import StackError


def home() -> Path:
    """Give the folder of the Spark that is inside of the pyspark wheel.

    Raises:
        StackError: the wheel isn't installed.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise StackError("pyspark isn't installed in .venv. Run `make up`, which installs it.")
    return Path(spec.origin).parent
