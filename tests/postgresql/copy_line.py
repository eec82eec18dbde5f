"""A record's line in COPY's format, as the parser gives it to the sink."""

from collections.abc import Mapping

from spark.parse import COLUMNS


def copy_line(
    offset: int,
    fields: Mapping[str, str],
    *,
    timestamp: str | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> bytes:
    """Give the line of a record with these columns of `users`; what isn't given is NULL."""
    values = (str(offset), timestamp, *(fields.get(name) for name in COLUMNS), reason, detail)
    return ("\t".join(r"\N" if value is None else value for value in values) + "\n").encode()
