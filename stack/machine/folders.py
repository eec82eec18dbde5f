"""Can the folders be written to, and do they belong to the account that runs the stack?"""

import errno
import os
import pwd
import tempfile
from pathlib import Path

from stack.accounts import account_ids
from stack.errors import MachineError
from stack.machine.situation import Situation
from stack.processes import nearest_existing
from stack.remembered import REMEMBERED


def state_folder(situation: Situation) -> str:
    """Check that the state folder can be made or written to."""
    return _writable(situation.settings.state, "state", "PIPELINE_STATE")


def cache_folder(situation: Situation) -> str:
    """Check that the folder of the jars can be made or written to."""
    return _writable(situation.settings.cache, "cache", "PIPELINE_CACHE")


def temporary_folder(_situation: Situation) -> str:
    """Check that there is a folder for temporary files, which Java and Spark need."""
    try:
        return tempfile.gettempdir()
    except OSError:
        raise MachineError(
            "No folder for temporary files can be written to, neither TMPDIR nor /tmp. Repair /tmp (its mode is "
            "1777), or name another folder in TMPDIR."
        ) from None


def owners(situation: Situation) -> str:
    """Check that what is in the state folder belongs to who has to read and write it."""
    state, us = situation.state, os.geteuid()
    account = situation.settings.database_account
    made_here = (state.supervisor, state.logs, state.kafka, state.postgresql, state.spark, state.dagster, state.bin)
    wanted = dict.fromkeys((*made_here, state.passwords, state.root / REMEMBERED, state.root / "lock"), us)
    wanted[state.postgresql / "data"] = account_ids(account)[0] if account else us
    for path, owner in wanted.items():
        try:
            found = path.lstat().st_uid
        except OSError:  # there is none yet, or the check of the folder itself says why
            continue
        if found != owner:
            whole = path if path.name == "data" else state.root
            raise MachineError(
                f"{path} belongs to {_name(found)} and has to belong to {_name(owner)}. Give it back with "
                f"`sudo chown -R {_name(owner)} {whole}`, or name another folder in PIPELINE_STATE."
            )
    return f"all is owned by {_name(us)}{f', the database by {account}' if account else ''}"


def _writable(folder: Path, what: str, setting: str) -> str:
    existing = nearest_existing(folder)
    if not existing.is_dir():
        raise MachineError(
            f"The {what} folder {folder} can't be used, because {existing} is a file. Remove that file, or name "
            f"another folder in {setting}."
        )
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(bytes(4096))  # a full disk takes names, but no content
    except OSError as error:
        remedy = "Free some room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Make it writable"
        raise MachineError(
            f"The {what} folder {folder} can't be written to ({error.strerror}). {remedy}, or name another folder in "
            f"{setting}."
        ) from None
    return str(folder)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
