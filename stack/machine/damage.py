"""Is what the state folder keeps whole: the passwords, the database, Kafka's folders?"""

import subprocess
from pathlib import Path

from stack import kafka, postgres
from stack import passwords as stack_passwords
from stack.errors import MachineError
from stack.machine.situation import Situation

_SECONDS = 20
_BEGIN_ANEW = "Restore it from a backup, or run `make destroy` to begin anew without data"


def passwords(situation: Situation) -> str:
    """Check that the passwords can be read, and are there where a database was made with them."""
    state = situation.state
    if state.passwords.exists():
        stack_passwords.load(state.passwords)
        return str(state.passwords)
    if postgres.data(state).exists():
        raise MachineError(
            f"{state.passwords} is gone, and the database was made with the passwords in it. {_BEGIN_ANEW}."
        )
    return "will be made at the first start"


def database(situation: Situation) -> str:
    """Check what PostgreSQL itself reads first of its data: the version and the control file."""
    data = postgres.data(situation.state)
    if not data.exists():
        return "will be made at the first start"
    version = _text(data / "PG_VERSION").strip()
    if version != postgres.VERSION:
        found = "is damaged: its file PG_VERSION is broken"
        if version.isdigit():
            found = f"is of PostgreSQL {version}, and the stack runs PostgreSQL {postgres.VERSION}"
        raise MachineError(f"The database in {data} {found}. {_BEGIN_ANEW}.")
    program = postgres.installed() / "bin" / "pg_controldata"
    try:
        done = subprocess.run(
            [str(program), str(data)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={"LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise MachineError(
            f"The disk of {data} did not answer within {_SECONDS} seconds. See that it works, then try again."
        ) from None
    if done.returncode != 0 or "warning" in (done.stdout + done.stderr).lower():
        raise MachineError(f"The database in {data} is damaged: its file global/pg_control is broken. {_BEGIN_ANEW}.")
    state = next((line.partition(":")[2].strip() for line in done.stdout.splitlines() if "cluster state" in line), "?")
    return f"PostgreSQL {version}, {state}"


def kafka_folders(situation: Situation) -> str:
    """Check that each folder that was formatted is still that of this cluster's server."""
    state = situation.state
    formatted = [name for name in kafka.server_names() if kafka.was_formatted(state, name)]
    broken = [name for name in formatted if not kafka.is_whole(state, name)]
    if len(broken) > 1:
        raise MachineError(
            f"The data of {', '.join(broken)} in {state.kafka} are damaged: meta.properties is missing or of another "
            f"cluster. {_BEGIN_ANEW}."
        )
    for name in broken:
        raise MachineError(
            f"The data of {name} in {state.kafka / name} are damaged: meta.properties is missing or of another "
            "cluster. Delete that folder: `make up` makes it anew, and Kafka copies what was in it from the other two."
        )
    return f"{len(formatted)} folders are whole" if formatted else "will be made at the first start"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
