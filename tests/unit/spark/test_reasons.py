"""Code, SQL and the page that people read name the same reasons."""

import re
from pathlib import Path

from spark.reasons import REASONS

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_has_every_reason_and_no_other():
    page = (ROOT / "docs" / "rejected-records.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("## Look")[0], re.MULTILINE)) == REASONS


def test_parser_and_statements_give_every_reason_and_no_other():
    parser = (ROOT / "spark" / "parse.py").read_text(encoding="utf-8")
    given = set(re.findall(r'_problem\(\s*"(\w+)"', parser))
    for name in ("stream_batch_judge", "stream_batch_refuse"):
        text = (ROOT / "sql" / "statements" / f"{name}.sql").read_text(encoding="utf-8")
        given |= set(re.findall(r"(?:reason = |\"offset\", )'(\w+)'", text))
    assert given == REASONS.keys()
