"""Worlds for tests: one in which all is well, and what differs from it."""

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline_defs.spark_master import Cluster
from pipeline_defs.supervision.starts import DriverStart, OwnStart
from pipeline_defs.supervision.states import State
from pipeline_defs.supervision.world import Backlog, Progress, Wanted, World
from tests.definitions.fakes import EMPTY_CLUSTER, NOW, ON_CLUSTER

APP = ON_CLUSTER.applications[0]
DRIVER = ON_CLUSTER.drivers[0]


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


WANTED = Wanted(running=True, changed_by="somebody", asked_at=ago(100_000), code_version="v1")
STOPPED = replace(WANTED, running=False, asked_at=ago(30))
STARTED = DriverStart(ago(5000), "driver-1", "app-1", "v1")
ABSENT = World(NOW, WANTED, EMPTY_CLUSTER)
THERE = World(
    NOW,
    WANTED,
    replace(ON_CLUSTER, applications=(replace(APP, started_at=ago(5000)),)),
    progress=Progress("app-1", ago(5)),
    backlog=Backlog({0: 0, 1: 0}, moved_at=ago(20)),
    starts=[STARTED],
)
DRIVER_ONLY = replace(THERE, cluster=replace(ON_CLUSTER, applications=()), progress=None, starts=[])
TWO_APPS = replace(ON_CLUSTER, applications=(APP, replace(APP, id="app-2")))
TWO_DRIVERS = replace(ON_CLUSTER, drivers=(replace(DRIVER, id="driver-2"), DRIVER))


def with_app(**changes: object) -> Cluster:
    return replace(ON_CLUSTER, applications=(replace(APP, **changes),))


def with_driver(**changes: object) -> Cluster:
    return replace(ON_CLUSTER, applications=(), drivers=(replace(DRIVER, **changes),))


def lasting(state: State, number: float) -> list[tuple[State, datetime]]:
    return [(state, ago(number)), (State.RUNNING, ago(number + 1000))]


def failed(*ages: float, outcome: str | None = "failed") -> list[DriverStart]:
    return [DriverStart(ago(age), "driver-1", outcome=outcome) for age in ages]


def own(*ages: float) -> list[OwnStart]:
    return [OwnStart(ago(age), f"driver-{number}") for number, age in enumerate(ages, 10)]
