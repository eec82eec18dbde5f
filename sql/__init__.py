"""Every SQL text of the pipeline, and the one way to read it.

`schema/` holds the numbered, idempotent files that `provision` applies in order. `statements/` holds one named
statement a file; those whose names begin with `legacy` upgrade a table `users` from before this pipeline. Both sides
of the pipeline, `pipeline_defs` and `spark`, meet in these tables and nowhere else.
"""

from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parent


@cache
def statement(name: str, **identifiers: str) -> str:
    """Return the text of `statements/<name>.sql`, with psycopg2's `%(name)s` placeholders where it takes values.

    Args:
        name: of the file.
        identifiers: of tables, for statements that name theirs as `{table}`.

    Raises:
        FileNotFoundError: no statement has that name.
    """
    text = (_ROOT / "statements" / f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**identifiers) if identifiers else text


def schema_files() -> list[Path]:
    """Give the schema files in the order in which they are applied."""
    return sorted((_ROOT / "schema").glob("[0-9]*.sql"))
