"""Every rule, with a world in which it is the first that holds."""

from dataclasses import replace

import pytest

from pipeline_defs.supervision import Action, State, World, decide
from pipeline_defs.supervision.rules import RULES
from pipeline_defs.supervision.starts import DriverStart
from pipeline_defs.supervision.states import ACTING
from pipeline_defs.supervision.world import Backlog, Progress
from tests.definitions.fakes import EMPTY_CLUSTER, ON_CLUSTER
from tests.unit.supervision.worlds import (
    ABSENT,
    APP,
    DRIVER,
    DRIVER_ONLY,
    STARTED,
    STOPPED,
    THERE,
    TWO_APPS,
    TWO_DRIVERS,
    WANTED,
    ago,
    failed,
    lasting,
    own,
    with_app,
    with_driver,
)

LOOP = failed(70, 60, 50, 40, 30, 20)
ORPHAN = replace(ON_CLUSTER, drivers=())
NO_WORKER = replace(EMPTY_CLUSTER, workers_alive=0)
WAITING = Backlog({0: 7}, moved_at=ago(500), waiting_since=ago(61))
OLD = [replace(STARTED, code_version="v0")]

CASES = {
    "nothing on the cluster": (ABSENT, Action.START, State.STARTING),
    "another application is not the stream": (
        replace(ABSENT, cluster=replace(EMPTY_CLUSTER, applications=(replace(APP, name="shell"),))),
        Action.START,
        State.STARTING,
    ),
    "just started": (replace(ABSENT, own_starts=own(29)), Action.WAIT, State.STARTING),
    "started a while ago, and gone": (replace(ABSENT, own_starts=own(31)), Action.START, State.STARTING),
    "started twice, the pause is longer": (replace(ABSENT, own_starts=own(100, 31)), Action.WAIT, State.STARTING),
    "no worker": (replace(ABSENT, cluster=NO_WORKER), Action.WAIT, State.WAITING_FOR_RESOURCES),
    "no worker for long": (
        replace(ABSENT, cluster=NO_WORKER, states=lasting(State.WAITING_FOR_RESOURCES, 301)),
        Action.ASK_FOR_HELP,
        State.WAITING_FOR_RESOURCES,
    ),
    "master away": (replace(ABSENT, cluster=None), Action.WAIT, State.CLUSTER_UNREACHABLE),
    "master away for long": (
        replace(ABSENT, cluster=None, states=lasting(State.CLUSTER_UNREACHABLE, 301)),
        Action.ASK_FOR_HELP,
        State.CLUSTER_UNREACHABLE,
    ),
    "master recovers": (
        replace(ABSENT, cluster=replace(EMPTY_CLUSTER, status="RECOVERING")),
        Action.WAIT,
        State.CLUSTER_UNREACHABLE,
    ),
    "master recovers, for however long": (
        replace(
            ABSENT,
            cluster=replace(EMPTY_CLUSTER, status="RECOVERING"),
            states=lasting(State.CLUSTER_UNREACHABLE, 9999),
        ),
        Action.WAIT,
        State.CLUSTER_UNREACHABLE,
    ),
    "stopped on purpose": (replace(ABSENT, wanted=STOPPED), Action.KEEP, State.STOPPED_ON_PURPOSE),
    "stopping": (replace(THERE, wanted=STOPPED), Action.WAIT, State.STOPPED_ON_PURPOSE),
    "stopping before it registered": (replace(DRIVER_ONLY, wanted=STOPPED), Action.WAIT, State.STOPPED_ON_PURPOSE),
    "it does not stop": (
        replace(THERE, wanted=replace(STOPPED, asked_at=ago(121))),
        Action.STOP,
        State.STOPPED_ON_PURPOSE,
    ),
    "its driver is gone, and its application does not stop": (
        replace(THERE, cluster=ORPHAN, wanted=replace(STOPPED, asked_at=ago(121))),
        Action.WAIT,
        State.STOPPED_ON_PURPOSE,
    ),
    "starts failed too often": (replace(THERE, starts=[STARTED, *LOOP]), Action.GIVE_UP, State.CRASH_LOOP),
    "starts failed too often, and it is between two": (
        replace(DRIVER_ONLY, starts=LOOP),
        Action.GIVE_UP,
        State.CRASH_LOOP,
    ),
    "starts failed too often, and it is gone": (replace(ABSENT, starts=LOOP), Action.GIVE_UP, State.CRASH_LOOP),
    "given up": (
        replace(ABSENT, wanted=replace(WANTED, gave_up_at=ago(9000))),
        Action.ASK_FOR_HELP,
        State.CRASH_LOOP,
    ),
    "given up, and an application is left without its driver": (
        replace(THERE, cluster=ORPHAN, wanted=replace(WANTED, gave_up_at=ago(9000))),
        Action.ASK_FOR_HELP,
        State.CRASH_LOOP,
    ),
    "given up, and the master brings it back": (
        replace(DRIVER_ONLY, wanted=replace(WANTED, gave_up_at=ago(9000))),
        Action.GIVE_UP,
        State.CRASH_LOOP,
    ),
    "failures before somebody asked again don't count": (
        replace(ABSENT, starts=LOOP, wanted=replace(WANTED, asked_at=ago(10))),
        Action.START,
        State.STARTING,
    ),
    "failures of yesterday don't count": (
        replace(ABSENT, starts=failed(*range(80_000, 80_060, 10))),
        Action.START,
        State.STARTING,
    ),
    "faults of the machine don't open the breaker": (
        replace(THERE, starts=[*failed(*range(870, 30, -60), outcome="lost"), STARTED]),
        Action.KEEP,
        State.RUNNING,
    ),
    "running": (THERE, Action.KEEP, State.RUNNING),
    "running, seen for the first time": (replace(THERE, first_look=True), Action.ADOPT, State.RUNNING),
    "idle": (replace(THERE, backlog=Backlog({0: 0}, moved_at=ago(121))), Action.KEEP, State.IDLE),
    "idle since ever": (replace(THERE, backlog=Backlog({0: 0})), Action.KEEP, State.IDLE),
    "Kafka can't be asked": (replace(THERE, backlog=Backlog(None, moved_at=ago(20))), Action.KEEP, State.RUNNING),
    "catching up": (replace(THERE, backlog=Backlog({0: 3000, 1: 2001})), Action.KEEP, State.CATCHING_UP),
    "input waits": (replace(THERE, backlog=WAITING), Action.WAIT, State.STALLED),
    "input waits for long": (
        replace(THERE, backlog=replace(WAITING, waiting_since=ago(241))),
        Action.RESTART,
        State.STALLED,
    ),
    "input waits for long, and it was restarted a moment ago": (
        replace(THERE, backlog=replace(WAITING, waiting_since=ago(241)), own_starts=own(300, 20)),
        Action.WAIT,
        State.STALLED,
    ),
    "input waited for long before the application came": (
        replace(THERE, cluster=with_app(started_at=ago(20)), backlog=replace(WAITING, waiting_since=ago(241))),
        Action.WAIT,
        State.STARTING,
    ),
    "the first batch takes too long": (
        replace(THERE, cluster=with_app(started_at=ago(242)), backlog=replace(WAITING, waiting_since=ago(260))),
        Action.RESTART,
        State.STALLED,
    ),
    "silent": (replace(THERE, progress=Progress("app-1", ago(61))), Action.WAIT, State.STALLED),
    "silent for long": (
        replace(THERE, progress=Progress("app-1", ago(241)), states=lasting(State.STALLED, 180)),
        Action.RESTART,
        State.STALLED,
    ),
    "silent, as it seems after the machine has slept": (
        replace(THERE, progress=Progress("app-1", ago(3600)), states=lasting(State.RUNNING, 4000)),
        Action.WAIT,
        State.STALLED,
    ),
    "old code": (replace(THERE, starts=OLD), Action.RESTART, State.OUT_OF_DATE),
    "old code, and just restarted": (replace(THERE, starts=OLD, own_starts=own(5)), Action.WAIT, State.OUT_OF_DATE),
    "code of an unknown version": (
        replace(THERE, starts=[replace(STARTED, code_version=None)]),
        Action.KEEP,
        State.RUNNING,
    ),
    "before it tells of itself": (replace(THERE, cluster=ON_CLUSTER, progress=None), Action.WAIT, State.STARTING),
    "progress of an earlier application": (
        replace(THERE, cluster=ON_CLUSTER, progress=Progress("app-0", ago(5))),
        Action.WAIT,
        State.STARTING,
    ),
    "registered, and silent from the start": (
        replace(THERE, progress=None, cluster=with_app(started_at=ago(301))),
        Action.RESTART,
        State.RESTARTING,
    ),
    "waits for executors": (
        replace(THERE, cluster=with_app(state="WAITING")),
        Action.WAIT,
        State.WAITING_FOR_RESOURCES,
    ),
    "has no core": (replace(THERE, cluster=with_app(cores=0)), Action.WAIT, State.WAITING_FOR_RESOURCES),
    "has no core for long": (
        replace(THERE, cluster=with_app(cores=0), states=lasting(State.WAITING_FOR_RESOURCES, 301)),
        Action.ASK_FOR_HELP,
        State.WAITING_FOR_RESOURCES,
    ),
    "driver on its way": (DRIVER_ONLY, Action.WAIT, State.STARTING),
    "driver that never registers": (
        replace(DRIVER_ONLY, states=lasting(State.STARTING, 301)),
        Action.RESTART,
        State.RESTARTING,
    ),
    "driver that never registers, since a start a moment ago": (
        replace(DRIVER_ONLY, states=lasting(State.STARTING, 999), own_starts=own(100)),
        Action.WAIT,
        State.STARTING,
    ),
    "driver that never registers, and somebody started it a moment ago": (
        replace(DRIVER_ONLY, states=lasting(State.STARTING, 999), wanted=replace(WANTED, asked_at=ago(100))),
        Action.WAIT,
        State.STARTING,
    ),
    "driver that never registers, after others that wrote of their starts": (
        replace(DRIVER_ONLY, states=lasting(State.RESTARTING, 999), starts=failed(500, 200)),
        Action.WAIT,
        State.RESTARTING,
    ),
    "driver without a worker": (
        replace(DRIVER_ONLY, cluster=with_driver(state="SUBMITTED", worker=None)),
        Action.WAIT,
        State.WAITING_FOR_RESOURCES,
    ),
    "driver without a worker for long": (
        replace(
            DRIVER_ONLY,
            cluster=with_driver(state="SUBMITTED", worker=None),
            states=lasting(State.WAITING_FOR_RESOURCES, 301),
        ),
        Action.ASK_FOR_HELP,
        State.WAITING_FOR_RESOURCES,
    ),
    "driver relaunched": (
        replace(DRIVER_ONLY, cluster=with_driver(state="RELAUNCHING", worker=None)),
        Action.WAIT,
        State.RESTARTING,
    ),
    "driver restarted by the master": (
        replace(DRIVER_ONLY, starts=failed(50)),
        Action.WAIT,
        State.RESTARTING,
    ),
    "driver that has just written of its first start": (
        replace(DRIVER_ONLY, starts=[DriverStart(ago(3), "driver-1")]),
        Action.WAIT,
        State.STARTING,
    ),
    "driver that had an application": (replace(DRIVER_ONLY, starts=[STARTED]), Action.WAIT, State.RESTARTING),
    "driver under a new id that ran before": (
        replace(DRIVER_ONLY, progress=Progress("app-1", ago(20)), own_starts=own(600)),
        Action.WAIT,
        State.RESTARTING,
    ),
    "two applications": (replace(THERE, cluster=TWO_APPS), Action.WAIT, State.TWO_DRIVERS),
    "two drivers": (replace(THERE, cluster=TWO_DRIVERS), Action.WAIT, State.TWO_DRIVERS),
    "two drivers for a while": (
        replace(THERE, cluster=TWO_DRIVERS, states=lasting(State.TWO_DRIVERS, 61)),
        Action.STOP_SURPLUS,
        State.TWO_DRIVERS,
    ),
    "two drivers for long, and neither is known": (
        replace(THERE, cluster=TWO_DRIVERS, starts=[], states=lasting(State.TWO_DRIVERS, 301)),
        Action.ASK_FOR_HELP,
        State.TWO_DRIVERS,
    ),
}


@pytest.mark.parametrize(("world", "action", "state"), CASES.values(), ids=CASES.keys())
def test_decision(world: World, action: Action, state: State):
    decision = decide(world)
    assert (decision.action, decision.state) == (action, state), decision.reason
    assert decision.reason
    assert decision.acts == (action in ACTING)


def test_each_rule_has_a_case():
    deciding = {next(rule.when for rule in RULES if rule.holds(world)) for world, _, _ in CASES.values()}
    assert deciding == {rule.when for rule in RULES}


def test_each_state_and_each_action_has_a_case():
    assert {state for _, _, state in CASES.values()} == set(State)
    assert {action for _, action, _ in CASES.values()} == set(Action)


def test_of_two_drivers_the_one_without_the_application_is_stopped():
    world, _, _ = CASES["two drivers for a while"]
    assert decide(world).subject == "driver-2"


def test_what_was_seen_is_in_the_reason():
    world, _, _ = CASES["input waits for long"]
    assert decide(world).reason == "7 records have waited for 241 s, and none is written"
    assert decide(replace(THERE, backlog=Backlog({0: 9000}, seconds_to_catch_up=42.4))).reason == (
        "app-1 has 9000 records ahead of it, about 42 s to go"
    )


def test_the_start_that_names_the_application_says_what_code_it_runs():
    older = DriverStart(ago(9000), "driver-0", "app-0", "v0", "stopped")
    assert decide(replace(THERE, starts=[older, STARTED])).state is State.RUNNING
    assert decide(replace(THERE, cluster=ON_CLUSTER, starts=[older])).state is State.RUNNING


def test_a_driver_is_named_by_its_subject():
    assert decide(CASES["driver that never registers"][0]).subject == DRIVER.id
