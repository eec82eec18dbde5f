from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_defs.spark_master import Cluster
from pipeline_defs.supervision import Action, Progress, State, World, decide
from tests.definitions.fakes import EMPTY_CLUSTER, NOW, ON_CLUSTER

ABSENT = World(NOW, "running", "somebody", EMPTY_CLUSTER)
THERE = replace(ABSENT, cluster=ON_CLUSTER, progress=Progress("app-1", NOW - timedelta(seconds=5), 10))
DRIVER_ONLY = replace(THERE, cluster=replace(ON_CLUSTER, applications=()), progress=None)
APP = ON_CLUSTER.applications[0]
DRIVER = ON_CLUSTER.drivers[0]


def ago(seconds: float):
    return NOW - timedelta(seconds=seconds)


def with_app(**changes: object) -> Cluster:
    return replace(ON_CLUSTER, applications=(replace(APP, **changes),))


def with_driver(**changes: object) -> Cluster:
    return replace(ON_CLUSTER, applications=(), drivers=(replace(DRIVER, **changes),))


CASES = {
    "nothing on the cluster": (ABSENT, Action.START, State.STARTING),
    "another application is not the stream": (
        replace(ABSENT, cluster=replace(EMPTY_CLUSTER, applications=(replace(APP, name="shell"),))),
        Action.START,
        State.STARTING,
    ),
    "a start is under way": (replace(ABSENT, start_under_way=True), Action.WAIT, State.STARTING),
    "just started": (replace(ABSENT, started_at=ago(30)), Action.WAIT, State.STARTING),
    "started a while ago, and gone": (replace(ABSENT, started_at=ago(61)), Action.START, State.STARTING),
    "no worker": (
        replace(ABSENT, cluster=replace(EMPTY_CLUSTER, workers_alive=0)),
        Action.WAIT,
        State.WAITING_FOR_RESOURCES,
    ),
    "master away": (replace(ABSENT, cluster=None), Action.WAIT, State.CLUSTER_UNREACHABLE),
    "master recovers": (
        replace(ABSENT, cluster=replace(EMPTY_CLUSTER, status="RECOVERING")),
        Action.WAIT,
        State.CLUSTER_UNREACHABLE,
    ),
    "stopped on purpose": (replace(ABSENT, wanted="stopped"), Action.KEEP, State.STOPPED_ON_PURPOSE),
    "stopping": (replace(THERE, wanted="stopped"), Action.WAIT, State.STOPPING),
    "stopping before it registered": (replace(DRIVER_ONLY, wanted="stopped"), Action.WAIT, State.STOPPING),
    "running": (THERE, Action.KEEP, State.RUNNING),
    "idle": (replace(THERE, progress=Progress("app-1", ago(5), 0)), Action.KEEP, State.IDLE),
    "silent": (replace(THERE, progress=Progress("app-1", ago(61), 10)), Action.WAIT, State.STALLED),
    "before its first batch": (replace(THERE, progress=None), Action.WAIT, State.STARTING),
    "progress of an earlier application": (
        replace(THERE, progress=Progress("app-0", ago(5), 10)),
        Action.WAIT,
        State.STARTING,
    ),
    "waits for executors": (
        replace(THERE, cluster=with_app(state="WAITING")),
        Action.WAIT,
        State.WAITING_FOR_RESOURCES,
    ),
    "has no core": (replace(THERE, cluster=with_app(cores=0)), Action.WAIT, State.WAITING_FOR_RESOURCES),
    "driver on its way": (DRIVER_ONLY, Action.WAIT, State.STARTING),
    "driver without a worker": (
        replace(DRIVER_ONLY, cluster=with_driver(state="SUBMITTED", worker=None)),
        Action.WAIT,
        State.WAITING_FOR_RESOURCES,
    ),
    "driver relaunched": (
        replace(DRIVER_ONLY, cluster=with_driver(state="RELAUNCHING")),
        Action.WAIT,
        State.RESTARTING,
    ),
    "driver restarted by the master": (
        replace(DRIVER_ONLY, progress=Progress("app-1", ago(20), 10), started_at=ago(600)),
        Action.WAIT,
        State.RESTARTING,
    ),
    "two of them": (
        replace(THERE, cluster=replace(ON_CLUSTER, applications=(APP, replace(APP, id="app-2")))),
        Action.ASK_FOR_HELP,
        State.TWO_DRIVERS,
    ),
}


@pytest.mark.parametrize(("world", "action", "state"), CASES.values(), ids=CASES.keys())
def test_decision(world: World, action: Action, state: State):
    decision = decide(world)
    assert (decision.action, decision.state) == (action, state)
    assert decision.acts == (action is Action.START)
    assert decision.reason


CLUSTERS = st.none() | st.builds(
    Cluster,
    status=st.sampled_from(["ALIVE", "RECOVERING", "COMPLETING_RECOVERY", "STANDBY"]),
    workers_alive=st.integers(0, 2),
    cores=st.just(4),
    cores_free=st.integers(0, 4),
    drivers=st.lists(
        st.builds(replace, st.just(DRIVER), state=st.sampled_from(["SUBMITTED", "RUNNING", "RELAUNCHING"])), max_size=2
    ).map(tuple),
    applications=st.lists(
        st.builds(replace, st.just(APP), name=st.sampled_from(["users_stream", "other"])), max_size=3
    ).map(tuple),
)
PROGRESS = st.none() | st.builds(
    Progress, st.sampled_from(["app-0", "app-1"]), st.floats(0, 1000).map(ago), st.integers(0, 10)
)
WORLDS = st.builds(
    World,
    now=st.just(NOW),
    wanted=st.sampled_from(["running", "stopped"]),
    changed_by=st.just("somebody"),
    cluster=CLUSTERS,
    progress=PROGRESS,
    start_under_way=st.booleans(),
    started_at=st.none() | st.floats(0, 1000).map(ago),
)


@given(WORLDS)
def test_it_starts_only_what_is_wanted_and_seen_to_be_absent(world: World):
    if decide(world).action is Action.START:
        assert world.wanted == "running"
        assert world.cluster is not None
        assert world.cluster.status == "ALIVE"
        assert not world.drivers
        assert not world.applications
        assert not world.start_under_way


@given(WORLDS)
def test_what_is_wanted_absent_and_possible_is_started(world: World):
    healthy = replace(world, wanted="running", cluster=EMPTY_CLUSTER, start_under_way=False, started_at=ago(1000))
    assert decide(healthy).action is Action.START
