"""Become a server's process, with passwords in its environment where the supervisor's configuration has placeholders.

`python with_passwords.py FILE COMMAND…`. The file is the one place where passwords are kept; this way the supervisor's
configuration, its log and its process need none. Imports the standard library only, because it runs before each start.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Read the passwords, replace `{password:ROLE}` in every variable, and turn into the command."""
    file, *command = sys.argv[1:]
    environment = dict(os.environ)
    for role, password in json.loads(Path(file).read_text(encoding="utf-8")).items():
        for name, value in environment.items():
            environment[name] = value.replace(f"{{password:{role}}}", password)
    os.execve(command[0], command, environment)  # noqa: S606 - a shell in between would have to be quoted for


if __name__ == "__main__":
    main()
