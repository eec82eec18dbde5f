"""What the state folder remembers of the last `pipeline up`: ports, and the chosen settings of the pipeline."""

import json
import os
from pathlib import Path
from typing import Any

from pipeline_defs import producer_configuration
from spark import settings as spark_settings
from stack.chosen_settings import chosen_for_dagster, chosen_for_the_stream
from stack.errors import MachineError

# The file in the state folder that keeps the ports and the chosen settings of the last `pipeline up`.
REMEMBERED = "settings.json"
# In it, those settings.
CHOSEN = "environment"

# Variables that name a file. The servers run in other folders than the shell.
_FILES = (producer_configuration.FILE_VARIABLE, spark_settings.FILE_VARIABLE)


def kept(file: Path) -> dict[str, Any]:
    """Give what the file keeps, nothing where there is none.

    Raises:
        MachineError: it can't be read.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if all(isinstance(value, str) for value in found.get(CHOSEN, {}).values()):
            return found
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError):
        pass
    raise MachineError(
        f"{file} is damaged. It keeps the ports and settings of the last start and nothing else: delete it, and name "
        "those that differ from the defaults again at the next `make up`."
    )


def recall(chosen: dict[str, str]) -> None:
    """Put chosen settings into this process's environment, where it names no other; an empty variable is taken out."""
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
    # An empty variable asks for the default again.
    for name in [name for name, value in (chosen_for_dagster() | chosen_for_the_stream()).items() if not value]:
        del os.environ[name]
    for name in _FILES:
        if name in os.environ:
            os.environ[name] = str(Path(os.environ[name]).absolute())
