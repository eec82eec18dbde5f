"""The check's query is answered by the index only as long as both say the same."""

from pathlib import Path

import sql


def condition(text: str) -> str:
    """Give what follows the last WHERE, without line breaks and comments."""
    lines = [line.partition("--")[0] for line in text.splitlines()]
    return " ".join(" ".join(lines).rpartition("WHERE")[2].split()).rstrip("; ")


def test_the_query_and_the_index_have_the_same_condition() -> None:
    schema = (Path(sql.__file__).parent / "schema" / "010_users.sql").read_text(encoding="utf-8")
    assert condition(schema) == condition(sql.statement("users_incomplete"))
    assert "num_nulls" in condition(schema)
