"""What of a decision becomes a row of `decisions`, and what of a row becomes a run: once, whatever the ticks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline_defs.supervision.states import Action, Decision, State


@dataclass(frozen=True)
class Entry:
    """A row of `decisions`.

    Attributes:
        id: its number, which is also the key of its run.
        decided_at: when.
        state: the state that was seen.
        action: what was decided.
        outcome: what became of it; None while its run is to come, or at work.
        subject: the application or driver that it is about; None where it is about none.
    """

    id: int
    decided_at: datetime
    state: State
    action: Action
    outcome: str | None
    subject: str | None = None


@dataclass(frozen=True)
class Turn:
    """What to write down and what to run after a decision.

    Attributes:
        decision: the decision; held back while a run is at work.
        settled: outcomes of open rows that nobody will write any more, by the row's id.
        record: the decision is to become a row.
        request: the decision needs a run: under the id of the new row, or of the one that is named by `again`.
        again: the open row whose run is asked for again, because none is known of it.
    """

    decision: Decision
    settled: Mapping[int, str] = field(default_factory=dict)
    record: bool = False
    request: bool = False
    again: int | None = None


def turn(entries: Sequence[Entry], decision: Decision, run_at_work: str | None, ended_runs: Mapping[int, str]) -> Turn:
    """Say what to write down and what to run.

    Args:
        entries: the newest rows, newest first.
        decision: what was decided now.
        run_at_work: a run that starts or stops the stream, queued or at work: nothing is done beside it.
        ended_runs: how the runs of open rows ended.
    """
    newest = next(iter(entries), None)
    if run_at_work is not None:
        held = _held_back(decision, run_at_work)
        return Turn(held, record=_is_news(newest, held))
    settled = {
        entry.id: outcome
        for entry in entries
        if entry.outcome is None and (outcome := _settled(entry, ended_runs.get(entry.id), decision))
    }
    if not decision.acts:
        return Turn(decision, settled, record=_is_news(newest, decision))
    again = next((entry.id for entry in entries if entry.outcome is None and entry.id not in settled), None)
    return Turn(decision, settled, record=again is None, request=True, again=again)


def _is_news(newest: Entry | None, decision: Decision) -> bool:
    if newest is None or newest.state is not decision.state or decision.action is Action.ADOPT:
        return True
    return decision.action is Action.ASK_FOR_HELP and newest.action is not decision.action


def _held_back(decision: Decision, run: str) -> Decision:
    if not decision.acts:
        return decision
    return replace(decision, action=Action.WAIT, reason=f"run {run} is at work. {decision.reason}", subject=None)


def _settled(entry: Entry, run_ended_as: str | None, decision: Decision) -> str | None:
    if run_ended_as is not None:
        return f"its run ended without a word: {run_ended_as}"
    if (decision.action, decision.subject) != (entry.action, entry.subject):
        return "not carried out: it was no longer needed"
    return None
