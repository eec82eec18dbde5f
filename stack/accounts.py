"""The account that runs PostgreSQL, and which folders it can enter."""

import pwd
import stat
from pathlib import Path

from stack.errors import MachineError

# PostgreSQL refuses to run as root; this account then runs it.
UNPRIVILEGED_ACCOUNT = "nobody"


def account_ids(account: str) -> tuple[int, int]:
    """Give user and group id of an account.

    Raises:
        MachineError: the machine has no such account.
    """
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise MachineError(
            f"PostgreSQL can't run as root and this machine has no account {account} to run it. "
            "Run as a normal user instead."
        ) from None
    return entry.pw_uid, entry.pw_gid


def enterable_by_others(folder: Path) -> bool:
    """Tell whether an unprivileged account can pass through this folder and all above it (those that exist)."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents) if path.exists())
