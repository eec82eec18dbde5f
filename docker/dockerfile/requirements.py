"""Print the part of `requirements.lock` that an image needs: the named packages and all that they bring.

    python requirements.py requirements.lock pyspark psycopg2-binary

The lock file itself stays the one source of versions and hashes; its `# via` notes tell who brings whom.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path


def selection(lock: str, roots: Iterable[str]) -> str:
    """Give the lines of the lock file that belong to these packages and to what they need.

    Raises:
        ValueError: the lock file has no such package.
    """
    entries = {_name(entry): entry for entry in re.split(r"\n(?=[a-z0-9])", lock) if not entry.startswith("#")}
    chosen = set(roots)
    if unknown := chosen - set(entries):
        raise ValueError(f"The lock file has no {', '.join(sorted(unknown))}.")
    while brought := {name for name, entry in entries.items() if _brought_by(entry) & chosen} - chosen:
        chosen |= brought
    return "\n".join(entries[name] for name in sorted(chosen))


def _name(entry: str) -> str:
    return re.split(r"[\[=\s]", entry, maxsplit=1)[0]


def _brought_by(entry: str) -> set[str]:
    notes = re.findall(r"^ +# +(?:via )?([a-z0-9][a-z0-9._-]*)", entry, flags=re.MULTILINE)
    return set(notes)


if __name__ == "__main__":
    lock_file, *packages = sys.argv[1:]
    sys.stdout.write(selection(Path(lock_file).read_text(encoding="utf-8"), packages) + "\n")
