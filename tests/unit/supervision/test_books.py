import pytest

from pipeline_defs.supervision import Action, Decision, State
from pipeline_defs.supervision.books import Entry, Step, held_back, settled, step
from tests.unit.supervision.worlds import ago

START = Decision(Action.START, State.STARTING, "absent")
WAIT = Decision(Action.WAIT, State.STARTING, "on its way")
KEEP = Decision(Action.KEEP, State.RUNNING, "runs")
HELP = Decision(Action.ASK_FOR_HELP, State.CLUSTER_UNREACHABLE, "away for long")


def entry(decision: Decision, outcome: str | None = "noted", number: int = 1) -> Entry:
    return Entry(number, ago(20), decision.state, decision.action, outcome)


ACT = Step(record=True, request=True)
NOTE = Step(record=True)
UNREACHABLE = Decision(Action.WAIT, State.CLUSTER_UNREACHABLE, "away")

CASES = {
    "the first decision ever": ([], KEEP, NOTE),
    "a decision that acts": ([entry(KEEP)], START, ACT),
    "a decision that acts, again, after the first was carried out": ([entry(START, "submitted")], START, ACT),
    "a decision that acts, whose run nobody knows": ([entry(START, None)], START, Step(again=1)),
    "as above, and the state has changed since": ([entry(KEEP, number=2), entry(START, None)], START, Step(again=1)),
    "nothing new": ([entry(KEEP)], KEEP, Step()),
    "waiting for what was started": ([entry(START, "submitted")], WAIT, Step()),
    "another state": ([entry(START, "submitted")], KEEP, NOTE),
    "help is asked for": ([entry(UNREACHABLE)], HELP, NOTE),
    "help was asked for": ([entry(HELP)], HELP, Step()),
    "adopted": ([entry(KEEP)], Decision(Action.ADOPT, State.RUNNING, "was running"), NOTE),
}


@pytest.mark.parametrize(("entries", "decision", "taken"), CASES.values(), ids=CASES.keys())
def test_step(entries: list[Entry], decision: Decision, taken: Step):
    assert step(entries, decision) == taken


def test_nothing_is_done_beside_a_run():
    held = held_back(START, "run-1")
    assert (held.action, held.state) == (Action.WAIT, State.STARTING)
    assert "run-1" in held.reason
    assert held_back(KEEP, "run-1") == KEEP


def test_an_open_row_is_settled_when_its_run_ended_or_it_is_no_longer_decided():
    open_row = entry(START, None)
    assert settled(open_row, "FAILURE", START) == "its run ended without a word: FAILURE"
    assert settled(open_row, None, KEEP) == "not carried out: it was no longer needed"
    assert settled(open_row, None, START) is None
