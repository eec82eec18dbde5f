"""Code and the page that people read name the same reasons."""

import re
from pathlib import Path

from contract.rejection import REASONS
from tests.support.records import CASES

ROOT = Path(__file__).resolve().parents[3]
# Given by whoever writes the rows, not by the parser.
_OF_THE_SINK = {"uuid_conflict", "refused_by_database", "unprocessable"}


def test_page_lists_every_reason():
    """The page has every reason with the same words, and no other."""
    page = (ROOT / "docs" / "rejected-records.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page.partition("## Look")[0], re.MULTILINE)) == REASONS


def test_catalogue_has_every_reason():
    assert {case.reason for case in CASES.values()} - {None} == REASONS.keys() - _OF_THE_SINK


def test_code_has_no_other_reason():
    modules = [*(ROOT / "contract").glob("*.py"), *(ROOT / "spark").glob("*.py")]
    code = "".join(module.read_text(encoding="utf-8") for module in modules)
    assert set(re.findall(r'Rejection\(\s*"(\w+)"', code)) == REASONS.keys()
