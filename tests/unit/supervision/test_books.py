import pytest

from pipeline_defs.supervision import Action, Decision, State
from pipeline_defs.supervision.books import Entry, Turn, turn
from tests.unit.supervision.worlds import ago

START = Decision(Action.START, State.STARTING, "absent")
WAIT = Decision(Action.WAIT, State.STARTING, "on its way")
KEEP = Decision(Action.KEEP, State.RUNNING, "runs")
AWAY = Decision(Action.WAIT, State.CLUSTER_UNREACHABLE, "away")
HELP = Decision(Action.ASK_FOR_HELP, State.CLUSTER_UNREACHABLE, "away for long")
RESTART = Decision(Action.RESTART, State.STALLED, "silent", "app-1")
RESTART_OTHER = Decision(Action.RESTART, State.STALLED, "silent", "app-2")
ADOPT = Decision(Action.ADOPT, State.RUNNING, "was running")


def entry(decision: Decision, outcome: str | None = "noted", number: int = 1) -> Entry:
    return Entry(number, ago(20), decision.state, decision.action, outcome, decision.subject)


ACT = Turn(START, record=True, request=True)
OPEN = entry(START, None)
NOT_NEEDED = {1: "not carried out: it was no longer needed"}

CASES = {
    "the first decision ever": ([], KEEP, Turn(KEEP, record=True)),
    "a decision that acts": ([entry(KEEP)], START, ACT),
    "a decision that acts, again, after the first was carried out": ([entry(START, "submitted")], START, ACT),
    "a decision that acts, whose run nobody knows": ([OPEN], START, Turn(START, request=True, again=1)),
    "as above, and the state has changed since": (
        [entry(KEEP, number=2), OPEN],
        START,
        Turn(START, request=True, again=1),
    ),
    "as above, and it is about another application": (
        [entry(RESTART, None)],
        RESTART_OTHER,
        Turn(RESTART_OTHER, NOT_NEEDED, record=True, request=True),
    ),
    "an open row that is no longer needed": ([OPEN], KEEP, Turn(KEEP, NOT_NEEDED, record=True)),
    "nothing new": ([entry(KEEP)], KEEP, Turn(KEEP)),
    "waiting for what was started": ([entry(START, "submitted")], WAIT, Turn(WAIT)),
    "another state": ([entry(START, "submitted")], KEEP, Turn(KEEP, record=True)),
    "help is asked for": ([entry(AWAY)], HELP, Turn(HELP, record=True)),
    "help was asked for": ([entry(HELP)], HELP, Turn(HELP)),
    "adopted": ([entry(KEEP)], ADOPT, Turn(ADOPT, record=True)),
}


@pytest.mark.parametrize(("entries", "decision", "taken"), CASES.values(), ids=CASES.keys())
def test_turn(entries: list[Entry], decision: Decision, taken: Turn):
    assert turn(entries, decision, None, {}) == taken


def test_nothing_is_done_beside_a_run():
    taken = turn([OPEN], START, "run-1", {})
    assert (taken.decision.action, taken.decision.state) == (Action.WAIT, State.STARTING)
    assert "run-1" in taken.decision.reason
    assert (taken.record, taken.request, taken.settled) == (False, False, {})


def test_a_change_of_state_is_written_down_while_a_run_is_at_work():
    assert turn([OPEN], KEEP, "run-1", {}) == Turn(KEEP, record=True)


def test_a_run_that_ended_without_a_word_is_written_down_and_the_decision_made_anew():
    taken = turn([OPEN], START, None, {1: "FAILURE"})
    assert taken.settled == {1: "its run ended without a word: FAILURE"}
    assert (taken.record, taken.request, taken.again) == (True, True, None)
