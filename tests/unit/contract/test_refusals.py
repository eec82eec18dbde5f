"""When a table refuses row after row, the table is at fault."""

import pytest

from contract.refusals import Outcome, Refusals, TableFault

OTHER = [None, "b"]


@pytest.mark.parametrize(
    ("outcomes", "at_fault"),
    [
        pytest.param(["a"] * 9, False, id="nine in a row"),
        pytest.param(["a"] * 10, True, id="ten in a row"),
        pytest.param(["a"] * 9 + [None] + ["a"] * 9, False, id="not yet twenty"),
        pytest.param([None] + ["a"] * 9 + [None] + ["a"] * 9, True, id="eighteen of twenty"),
        pytest.param(["a", None] * 30, False, id="a half"),
        pytest.param(["a", None] * 9 + ["a", "a"], True, id="eleven of twenty"),
        pytest.param(["a", "b"] * 30, False, id="two constraints, a half each"),
        pytest.param([*[None] * 1000, *["a"] * 9], False, id="nine after a thousand"),
    ],
)
def test_fault_of_the_table(outcomes: list[Outcome], at_fault: bool):  # noqa: FBT001 - a column of the table of cases
    refusals = Refusals("users")
    if not at_fault:
        refusals.carry_on(outcomes)
        return
    with pytest.raises(TableFault, match=r"users is at fault.*replay_rejected"):
        refusals.carry_on(outcomes)


def test_what_was_refused_before_counts():
    refusals = Refusals("users", ["a"] * 9)
    with pytest.raises(TableFault, match=r"10 of the last 10 rows were refused\. too old"):
        refusals.refuse("a", "too old")


def test_new_outcomes_are_told_from_the_last():
    refusals = Refusals("users", ["a", None])
    refusals.accept(2)
    assert (refusals.last, refusals.new) == (("a", None, None, None), (None, None))
