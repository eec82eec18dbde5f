"""The passwords of the database roles, made once, and the alerts' webhook: a file that only this account can read."""

import json
import secrets
from pathlib import Path

from stack.errors import MachineError, NotRunningError
from stack.state import write_private

# The address of the alerts' webhook is a password too; where none is configured it is empty.
WEBHOOK = "alert_webhook_url"
ROLES = ("postgres", "pipeline", "users_stream", "dagster")


def placeholder(role: str) -> str:
    """Give what stands for a role's password in a component's environment, until `with_passwords` fills it in."""
    return f"{{password:{role}}}"


def load_or_create(file: Path) -> dict[str, str]:
    """Give the password of each role, made at the first call.

    Raises:
        MachineError: the file is there and can't be read as what this function writes.
    """
    if not file.exists():
        write_private(file, json.dumps({role: secrets.token_urlsafe(24) for role in ROLES}, indent=2) + "\n")
    return load(file)


def keep_webhook(file: Path, url: str | None) -> None:
    """Keep the webhook's address beside the passwords: this one, an empty one to forget it, None for the one before.

    Raises:
        NotRunningError, MachineError: as `load`.
    """
    load(file)
    kept = json.loads(file.read_text(encoding="utf-8"))
    kept[WEBHOOK] = kept.get(WEBHOOK, "") if url is None else url
    write_private(file, json.dumps(kept, indent=2) + "\n")


def load(file: Path) -> dict[str, str]:
    """Give the password of each role.

    Raises:
        NotRunningError: the file isn't there.
        MachineError: it can't be read as what `load_or_create` writes.
    """
    try:
        passwords = json.loads(file.read_text(encoding="utf-8"))
        return {role: str(passwords[role]) for role in ROLES}
    except FileNotFoundError:
        raise NotRunningError(f"The stack was never started: {file} doesn't exist. Run `make up`.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise MachineError(
            f"{file} doesn't hold the passwords of {', '.join(ROLES)}. Restore the file from a backup, "
            "or run `make destroy` to begin anew without data."
        ) from None
