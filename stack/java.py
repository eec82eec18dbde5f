"""Find a Java that Kafka and Spark both support."""

import re
import shutil
import subprocess
from pathlib import Path

from stack import shell
from stack.errors import MachineError
from stack.settings import Settings

SUPPORTED = (17, 21)
_WANTED = "Install Java 17 or 21 (for example the package openjdk-17-jre-headless), or name one in PIPELINE_JAVA_HOME"


def major_version(text: str) -> int | None:
    """Read the major version from what `java -version` prints, or None where it says none."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def find(settings: Settings) -> Path:
    """Give the path of the `java` program to use.

    Raises:
        MachineError: there is none, it doesn't run, or its version isn't supported.
    """
    home = settings.java_home or shell.java_home()
    found = str(home / "bin" / "java") if home else shutil.which("java", path=shell.path())
    if found is None:
        raise MachineError(f"Java is missing: there is no `java` on the PATH and JAVA_HOME isn't set. {_WANTED}.")
    try:
        said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise MachineError(f"Java doesn't run: `{found} -version` failed ({_reason(error)}). {_WANTED}.") from None
    version = major_version(said)
    if version not in SUPPORTED:
        raise MachineError(f"Java {version or 'of an unknown version'} ({found}) isn't supported. {_WANTED}.")
    return Path(found).absolute()


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, subprocess.CalledProcessError) and error.stderr.strip():
        return error.stderr.strip().splitlines()[-1]
    return "it gives no answer" if isinstance(error, subprocess.TimeoutExpired) else "it says nothing"
