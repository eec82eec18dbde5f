"""docs/supervision.md: its tables are made from the rules, its words are written there."""

import re
from collections.abc import Iterable

from pipeline_defs.supervision.rules import RULES
from pipeline_defs.supervision.states import State
from stack.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "supervision.md"


def render() -> str:
    """Give the page with its tables as the code has them."""
    text = PAGE.read_text(encoding="utf-8")
    states = _table(("state", "meaning"), ((f"`{state}`", state.meaning) for state in State))
    rules = _table(("when", "state", "decision"), ((rule.when, f"`{rule.state}`", rule.action.value) for rule in RULES))
    for name, table in (("states", states), ("rules", rules)):
        text = re.sub(f"(?s)(<!-- {name} -->\n).*?(<!-- end -->)", rf"\1{table}\2", text)
    return text


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
