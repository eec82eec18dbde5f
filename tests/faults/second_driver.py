"""A second driver, started by hand past Spark's master and past the lease, as only a person could."""

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from stack import jars, settings
from stack.processes import end
from stack.supervisor import MARK
from tests.faults import victims
from tests.integration.stack import Stack

_SCRIPT = """
import sys
from spark import driver_state, users_stream
driver_state.Lease.acquire = lambda self: None
sys.exit(users_stream.main())
"""
_PART = 1000  # more than the schedule's people
# A driver that no worker started has no driver id.
_SEEN = """
SELECT count(*) AS looks, coalesce(sum(input_rows), 0) AS records
FROM stream_progress INNER JOIN driver_starts USING (application_id)
WHERE driver_id IS NULL AND ended_at IS NULL
"""


class SecondDriver:
    """Runs with a Spark of its own, in a process of its own, until the block ends."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._folder = tempfile.TemporaryDirectory(prefix="second-driver-")
        self._log = Path(self._folder.name) / "log"

    def __enter__(self) -> Self:
        environment = victims.component(self._stack, "spark-worker-1").environ()
        del environment[MARK]
        class_path = jars.folders(settings.Settings().cache)["spark"]
        environment["STREAM_CHECKPOINT_ROOT"] = self._folder.name
        environment["PYSPARK_PYTHON"] = sys.executable
        environment["PYSPARK_SUBMIT_ARGS"] = f"--master local[2] --driver-class-path {class_path}/* pyspark-shell"
        with self._log.open("wb") as log:
            command = [sys.executable, "-c", _SCRIPT]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_: object) -> None:
        with self._folder, suppress(psutil.NoSuchProcess):
            python = psutil.Process(self._process.pid)
            end([python, *python.children(recursive=True)])
        self._process.wait(timeout=30)

    def is_there(self) -> bool:
        """Tell whether it has begun to read."""
        return self._seen("looks") > 0

    def has_taken_part(self) -> bool:
        """Tell whether it has read and tried to write a part of the load, beside the first driver."""
        return self._seen("records") > _PART

    def _errors(self) -> str:
        """Give the lines of its log that speak of errors: Spark's plans in between are endless."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(line[:300] for line in lines if "Error" in line or "Exception" in line)

    def _seen(self, what: str) -> int:
        assert self._process.poll() is None, self._errors()
        return self._stack.query(_SEEN)[0][what]
