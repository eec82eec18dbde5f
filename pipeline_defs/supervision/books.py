"""What of a decision becomes a row of `decisions`, and what of a row becomes a run: once, whatever the ticks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """

    id: int
    decided_at: datetime
    state: State
    action: Action
    outcome: str | None


@dataclass(frozen=True)
class Step:
    """What to write down and what to run.

    Attributes:
        record: the decision is to become a row.
        request: the row that is written needs a run.
        again: the row whose run is to be asked for again, under the same key, because none is known of it.
    """

    record: bool = False
    request: bool = False
    again: int | None = None


def step(entries: Sequence[Entry], decision: Decision) -> Step:
    """Say what to write down and to run, after rows whose open ones were settled. The newest entry stands first."""
    newest = next(iter(entries), None)
    if decision.acts:
        waiting = next((entry for entry in entries if entry.outcome is None), None)
        if waiting is not None and waiting.action is decision.action:
            return Step(again=waiting.id)
        return Step(record=True, request=True)
    escalated = decision.action is Action.ASK_FOR_HELP and newest is not None and newest.action is not decision.action
    changed = newest is None or newest.state is not decision.state
    return Step(record=changed or escalated or decision.action is Action.ADOPT)


def held_back(decision: Decision, run: str) -> Decision:
    """Give the decision as it is while a run is at work: nothing is done beside it."""
    if not decision.acts:
        return decision
    return replace(decision, action=Action.WAIT, reason=f"run {run} is at work. {decision.reason}", subject=None)


def settled(entry: Entry, run_ended_as: str | None, decision: Decision) -> str | None:
    """Give the outcome of an open row that nobody will write any more; None while somebody may.

    Args:
        entry: the open row.
        run_ended_as: how its run ended; None if no run is known.
        decision: what is decided now.
    """
    if run_ended_as is not None:
        return f"its run ended without a word: {run_ended_as}"
    if decision.action is not entry.action:
        return "not carried out: it was no longer needed"
    return None
