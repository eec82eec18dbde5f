"""The rules, in order: the first one that holds decides. docs/supervision.md shows them as a table made from here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline_defs.supervision.starts import failures, next_start
from pipeline_defs.supervision.states import Action, Decision, State
from pipeline_defs.supervision.world import World


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    Attributes:
        when: the condition in words.
        holds: the condition.
        state: what people see then.
        action: what is done.
        reason: why, with what was seen.
        subject: the application or driver that an action is about.
    """

    when: str
    holds: Callable[[World], bool]
    state: State
    action: Action
    reason: Callable[[World], str]
    subject: Callable[[World], str | None] = lambda _: None


def decide(world: World) -> Decision:
    """Decide what to do about the stream."""
    rule = next(rule for rule in RULES if rule.holds(world))
    decision = Decision(rule.action, rule.state, rule.reason(world), rule.subject(world))
    app = world.application
    if decision.action is Action.KEEP and app is not None and world.first_look:
        return replace(decision, action=Action.ADOPT, reason=f"{app.id} was running already", subject=app.id)
    return decision


def counted_since(world: World) -> datetime:
    """Give from when on starts count: the window's beginning, or when somebody last asked for the stream."""
    return max(world.now - world.limits.window, world.wanted.asked_at)


def _failures(world: World) -> float:
    return failures(world.starts, world.own_starts, counted_since(world))


def _breaker_is_open(world: World) -> bool:
    return world.wanted.gave_up_at is not None or _failures(world) >= world.limits.starts


def _may_start_from(world: World) -> datetime:
    limits = world.limits
    found = next_start(world.own_starts, counted_since(world), limits.backoff, limits.longest_backoff)
    return found or world.now


def _may_start(world: World) -> bool:
    return world.now >= _may_start_from(world)


def _is_out_of_date(world: World) -> bool:
    start = world.start_of_application
    return start is not None and start.code_version not in {None, world.wanted.code_version}


def _two(world: World) -> bool:
    return len(world.applications) > 1 or len(world.drivers) > 1


def _without_executor(world: World) -> bool:
    app = world.application
    return app is not None and (app.state == "WAITING" or not app.cores)


def _on_its_way(world: World) -> bool:
    return not world.applications and bool(world.drivers)


def _too_late(world: World) -> bool:
    waited = world.without_success(State.STARTING, State.RESTARTING)
    return waited > world.limits.register and _may_start(world)


def _asked_long_enough(state: State) -> Callable[[World], bool]:
    return lambda world: world.lasted(state) > world.limits.ask_for_help


def _app(world: World) -> str:
    return world.application.id if world.application else "it"


def _driver(world: World) -> str:
    return next((driver.id for driver in world.drivers), "its driver")


def _what_is_there(world: World) -> str:
    return " and ".join(each.id for each in (*world.applications, *world.drivers))


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _status(world: World) -> str:
    return f"is {world.cluster.status}" if world.cluster else "doesn't answer"


def _next_try(world: World) -> str:
    pause = _seconds(_may_start_from(world) - world.now)
    return f"{len(world.own_starts)} starts were made in the last minutes, the next one follows in {pause}"


def _crashes(world: World) -> str:
    window = _seconds(world.limits.window)
    return f"starts failed too often: the limit is {world.limits.starts} within {window}; start_stream tries again"


def _ahead(world: World) -> str:
    seconds = world.backlog.seconds_to_catch_up
    left = "no estimate yet" if seconds is None else f"about {seconds:.0f} s to go"
    return f"{_app(world)} has {world.backlog.records} records ahead of it, {left}"


def _waits(world: World) -> str:
    return f"{world.backlog.records} records have waited for {_seconds(world.input_waits_for)}, and none is written"


def _silent(world: World) -> str:
    return f"{_app(world)} has been silent for {_seconds(world.silence)}"


def _stopped(world: World) -> str:
    return f"{world.wanted.changed_by} wants it stopped"


def _outdated(world: World) -> str:
    start = world.start_of_application
    return f"{_app(world)} runs version {start and start.code_version}, Dagster has {world.wanted.code_version}"


RULES = (
    Rule(
        "the Spark master doesn't answer, for long",
        lambda w: w.cluster is None and _asked_long_enough(State.CLUSTER_UNREACHABLE)(w),
        State.CLUSTER_UNREACHABLE,
        Action.ASK_FOR_HELP,
        lambda _: "the Spark master doesn't answer; see that it runs",
    ),
    Rule(
        # A recovering master may bring the driver back by itself.
        "the Spark master doesn't answer, or recovers",
        lambda w: w.cluster is None or w.cluster.status != "ALIVE",
        State.CLUSTER_UNREACHABLE,
        Action.WAIT,
        lambda w: f"the Spark master {_status(w)}",
    ),
    Rule(
        "stopped is wanted, and its driver is there for long",
        # An application whose driver is gone can't be killed by the master; it goes by itself.
        lambda w: not w.wanted.running and bool(w.drivers) and w.now - w.wanted.asked_at > w.limits.stop,
        State.STOPPED_ON_PURPOSE,
        Action.STOP,
        lambda w: f"{_stopped(w)}, and {_what_is_there(w)} does not end",
        _driver,
    ),
    Rule(
        "stopped is wanted, and its driver is there",
        lambda w: not w.wanted.running and w.is_there,
        State.STOPPED_ON_PURPOSE,
        Action.WAIT,
        lambda w: f"{_stopped(w)}; {_what_is_there(w)} is ending",
    ),
    Rule(
        "stopped is wanted, and nothing is there",
        lambda w: not w.wanted.running,
        State.STOPPED_ON_PURPOSE,
        Action.KEEP,
        _stopped,
    ),
    Rule(
        "the breaker opened, and no driver is there",
        lambda w: w.wanted.gave_up_at is not None and not w.drivers,
        State.CRASH_LOOP,
        Action.ASK_FOR_HELP,
        _crashes,
    ),
    Rule(
        "starts failed too often",
        _breaker_is_open,
        State.CRASH_LOOP,
        Action.GIVE_UP,
        _crashes,
        _driver,
    ),
    Rule(
        "two are there for long, and it is known which of them writes",
        lambda w: _two(w) and w.surplus_driver is not None and w.lasted(State.TWO_DRIVERS) > w.limits.surplus,
        State.TWO_DRIVERS,
        Action.STOP_SURPLUS,
        lambda w: f"{_what_is_there(w)} are there; {_app(w)} is the one that writes",
        lambda w: w.surplus_driver.id if w.surplus_driver else None,
    ),
    Rule(
        "two are there for long, and it is not known which of them writes",
        lambda w: _two(w) and _asked_long_enough(State.TWO_DRIVERS)(w),
        State.TWO_DRIVERS,
        Action.ASK_FOR_HELP,
        lambda w: f"{_what_is_there(w)} are there at once; restart_stream ends both and starts one",
    ),
    Rule(
        "two are there",
        _two,
        State.TWO_DRIVERS,
        Action.WAIT,
        lambda w: f"{_what_is_there(w)} are there at once; the lease lets one of them write",
    ),
    Rule(
        "its application runs other code or settings, and the pause between starts is over",
        lambda w: _is_out_of_date(w) and _may_start(w),
        State.OUT_OF_DATE,
        Action.RESTART,
        _outdated,
        _app,
    ),
    Rule(
        "its application runs other code or settings",
        _is_out_of_date,
        State.OUT_OF_DATE,
        Action.WAIT,
        lambda w: f"{_outdated(w)}; {_next_try(w)}",
    ),
    Rule(
        "its application has no executor, for long",
        lambda w: _without_executor(w) and _asked_long_enough(State.WAITING_FOR_RESOURCES)(w),
        State.WAITING_FOR_RESOURCES,
        Action.ASK_FOR_HELP,
        lambda w: f"{_app(w)} gets no executor; see the workers' cores and memory",
    ),
    Rule(
        "its application has no executor",
        _without_executor,
        State.WAITING_FOR_RESOURCES,
        Action.WAIT,
        lambda w: f"{_app(w)} has no executor yet",
    ),
    Rule(
        "its application has not told of itself, for long",
        lambda w: (
            w.application is not None and not w.has_told and w.age_of_application > w.limits.register and _may_start(w)
        ),
        State.RESTARTING,
        Action.RESTART,
        lambda w: f"{_app(w)} has not told of itself for {_seconds(w.limits.register)}",
        _app,
    ),
    Rule(
        "its application has not told of itself",
        lambda w: w.application is not None and not w.has_told,
        State.STARTING,
        Action.WAIT,
        lambda w: f"{_app(w)} has not told of itself yet",
    ),
    Rule(
        "its heartbeat is old, for long",
        lambda w: (
            w.application is not None
            and w.silence > w.limits.restart_stalled
            # A machine that slept, or a clock that was set, makes it old for a look.
            and w.lasted(State.STALLED) > w.limits.silent
            and _may_start(w)
        ),
        State.STALLED,
        Action.RESTART,
        _silent,
        _app,
    ),
    Rule(
        "its heartbeat is old",
        lambda w: w.application is not None and w.silence > w.limits.silent,
        State.STALLED,
        Action.WAIT,
        _silent,
    ),
    Rule(
        # The first batch takes long: Spark starts its executors, which read their code.
        "input waits for the first batch of a young application",
        lambda w: (
            w.backlog.waiting_since is not None
            and not w.has_written
            and timedelta() < w.age_of_application < w.limits.restart_stalled
        ),
        State.STARTING,
        Action.WAIT,
        lambda w: f"{_app(w)} is at its first batch",
    ),
    Rule(
        "input waits and nothing is written, for long",
        lambda w: w.input_waits_for > w.limits.restart_stalled and _may_start(w),
        State.STALLED,
        Action.RESTART,
        _waits,
        _app,
    ),
    Rule(
        "input waits and nothing is written",
        lambda w: w.input_waits_for > w.limits.stalled,
        State.STALLED,
        Action.WAIT,
        _waits,
    ),
    Rule(
        "many records are ahead of it",
        lambda w: w.application is not None and w.backlog.records > w.limits.catching_up_from,
        State.CATCHING_UP,
        Action.KEEP,
        _ahead,
    ),
    Rule(
        "nothing came for a while",
        lambda w: (
            w.application is not None
            and not w.backlog.records
            and (w.backlog.moved_at is None or w.now - w.backlog.moved_at > w.limits.idle)
        ),
        State.IDLE,
        Action.KEEP,
        lambda w: f"{_app(w)} waits for input",
    ),
    Rule(
        "its application is there",
        lambda w: w.application is not None,
        State.RUNNING,
        Action.KEEP,
        lambda w: f"{_app(w)} runs",
    ),
    Rule(
        "no worker has room for its driver, for long",
        lambda w: _on_its_way(w) and w.drivers[0].worker is None and _asked_long_enough(State.WAITING_FOR_RESOURCES)(w),
        State.WAITING_FOR_RESOURCES,
        Action.ASK_FOR_HELP,
        lambda w: f"no worker has room for {_driver(w)}; see the workers' cores and memory",
    ),
    Rule(
        "no worker has room for its driver",
        lambda w: _on_its_way(w) and w.drivers[0].worker is None and w.drivers[0].state != "RELAUNCHING",
        State.WAITING_FOR_RESOURCES,
        Action.WAIT,
        lambda w: f"no worker has room for {_driver(w)}",
    ),
    Rule(
        "its driver has registered no application, for long",
        lambda w: _on_its_way(w) and _too_late(w),
        State.RESTARTING,
        Action.RESTART,
        lambda w: f"{_driver(w)} has registered no application for {_seconds(w.limits.register)}",
        _driver,
    ),
    Rule(
        "its driver ran before, and the master starts it again",
        lambda w: _on_its_way(w) and (w.drivers[0].state == "RELAUNCHING" or w.ran_before),
        State.RESTARTING,
        Action.WAIT,
        lambda w: f"the master starts {_driver(w)} again",
    ),
    Rule(
        "its driver is there",
        _on_its_way,
        State.STARTING,
        Action.WAIT,
        lambda w: f"{_driver(w)} has registered no application yet",
    ),
    Rule(
        "nothing of it is there, and no worker is alive, for long",
        lambda w: (
            bool(w.cluster and not w.cluster.workers_alive) and _asked_long_enough(State.WAITING_FOR_RESOURCES)(w)
        ),
        State.WAITING_FOR_RESOURCES,
        Action.ASK_FOR_HELP,
        lambda _: "no Spark worker is alive; see that they run",
    ),
    Rule(
        "nothing of it is there, and no worker is alive",
        lambda w: bool(w.cluster and not w.cluster.workers_alive),
        State.WAITING_FOR_RESOURCES,
        Action.WAIT,
        lambda _: "no Spark worker is alive",
    ),
    Rule(
        "nothing of it is there, and the pause after the last start is not over",
        lambda w: not _may_start(w),
        State.STARTING,
        Action.WAIT,
        lambda w: f"the cluster shows neither its driver nor its application; {_next_try(w)}",
    ),
    Rule(
        "nothing of it is there",
        lambda _: True,
        State.STARTING,
        Action.START,
        lambda _: "it is wanted, and the cluster has neither its driver nor its application",
    ),
)
