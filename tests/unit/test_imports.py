"""Who may import whom: the two sides meet on the ground floor, and the ground floor stands on nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"bench", "contract", "pipeline_defs", "spark", "sql", "stack", "tests"}
MAY_IMPORT = {
    "sql": {"sql"},
    "contract": {"contract", "sql"},
    "spark": {"spark", "contract", "sql"},
    "pipeline_defs": {"pipeline_defs", "contract", "sql"},
    "stack": {"stack", "pipeline_defs", "spark", "contract", "sql"},
}


def imported(code: str) -> Iterator[str]:
    """The packages whose modules a module imports, wherever in it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(("package", "allowed"), MAY_IMPORT.items(), ids=MAY_IMPORT)
def test_wall_between_packages(package: str, allowed: set[str]):
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    astray = {
        str(module.relative_to(ROOT)): wrong
        for module in modules
        if (wrong := PACKAGES & set(imported(module.read_text(encoding="utf-8"))) - allowed)
    }
    assert not astray


def test_imports_are_seen_in_each_form():
    code = """
import spark, sql.connection as connection
from pipeline_defs.stream import start
from . import sibling
def later():
    from contract import retry
"""
    assert list(imported(code)) == ["spark", "sql", "pipeline_defs", "contract"]
