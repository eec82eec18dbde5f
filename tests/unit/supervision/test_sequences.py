"""Sequences that random ones seldom come to: each illness of a driver, and failures up to the limits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from pipeline_defs.supervision import Action, State
from tests.unit.supervision.simulated_cluster import STEP, Fault, Illness
from tests.unit.supervision.simulation import LOOK_EVERY, Line, Simulation
from tests.unit.supervision.test_state_machine import Supervised

_INVARIANTS = (
    Supervised.one_decision_at_a_time_waits_to_be_carried_out,
    Supervised.what_a_run_did_is_what_its_decision_says,
    Supervised.a_decision_leads_to_at_most_one_driver,
    Supervised.the_distance_between_starts_doubles,
    Supervised.the_breaker_opens_only_for_failures_since_somebody_asked,
    Supervised.every_change_of_state_is_on_record_and_only_changes_are,
)
_ILL = [Illness.HANGS, Illness.STALLS, Illness.SILENT]


@pytest.fixture
def machine() -> Iterator[Supervised]:
    """A stream that is well. Afterwards it is well again, or stays stopped, and every invariant holds."""
    machine = Supervised()
    machine.dagster_looks(times=20)
    assert machine.world.is_well
    yield machine
    machine.teardown()
    for holds in _INVARIANTS:
        holds(machine)


def acts(world: Simulation, since: int) -> list[Line]:
    """Give the decisions that changed the world, after so many rows."""
    return [line for line in world.lines[since:] if line.decision.acts]


def patience(world: Simulation, illness: Illness) -> timedelta:
    """Give how long an ill driver is borne, with two looks: one that notices, and one that finds that it is time."""
    limits = world.limits
    return (limits.register if illness is Illness.HANGS else limits.restart_stalled) + 2 * LOOK_EVERY


@pytest.mark.parametrize("illness", _ILL)
@pytest.mark.parametrize("dagster_is_away", [False, True])
def test_an_ill_driver_is_replaced_once_when_it_is_time(
    machine: Supervised, illness: Illness, *, dagster_is_away: bool
):
    world, since = machine.world, len(machine.world.lines)
    machine.the_driver_falls_ill(illness)
    if dagster_is_away:
        machine.time_passes_without_dagster(seconds=100)
        world.dagster += "'"
    looks_from = world.now
    while not acts(world, since):
        machine.dagster_looks(times=1)
        assert world.now - looks_from <= patience(world, illness), world.decision
    machine.dagster_looks(times=20)
    assert [line.decision.action for line in acts(world, since)] == [Action.RESTART]
    assert world.is_well


@pytest.mark.parametrize("illness", _ILL)
def test_an_ill_driver_that_nobody_wants_is_ended_and_not_replaced(machine: Supervised, illness: Illness):
    world, submitted = machine.world, len(machine.world.submitted)
    machine.the_driver_falls_ill(illness)
    machine.somebody_stops_it(waits=False)
    machine.dagster_looks(times=25)
    assert not world.drivers
    assert len(world.submitted) == submitted
    assert world.decision
    assert world.decision.state is State.STOPPED_ON_PURPOSE


def test_a_surplus_driver_that_hangs_is_stopped_and_the_one_that_writes_stays(machine: Supervised):
    world, since, writes = machine.world, len(machine.world.lines), list(machine.world.drivers)
    machine.the_master_takes_a_driver_for_lost_and_makes_another(Illness.HANGS)
    machine.dagster_looks(times=int(world.limits.surplus / LOOK_EVERY) + 3)
    assert [line.decision.action for line in acts(world, since)] == [Action.STOP_SURPLUS]
    assert world.drivers == writes


def test_the_breaker_opens_with_the_failure_that_is_one_too_many(machine: Supervised):
    """Each driver lives for more than a minute, so no look misses a failure."""
    world, since = machine.world, len(machine.world.lines)
    asked_at = world.now
    machine.somebody_starts_it()
    machine.the_code_changes(Fault.FAILS_LATER)
    for _ in range(100):
        machine.dagster_looks(times=1)
        failed = [start for start in world.starts if start.outcome == "failed" and start.started_at > asked_at]
        given_up = [line for line in acts(world, since) if line.decision.action is Action.GIVE_UP]
        assert bool(given_up) == (len(failed) >= world.limits.starts), world.decision
    assert world.wanted.gave_up_at
    assert not world.drivers


def test_a_lease_that_is_held_elsewhere_opens_no_breaker(machine: Supervised):
    """The master starts its driver again for as long as it is refused; nobody has to ask for it afterwards."""
    world, since = machine.world, len(machine.world.lines)
    machine.the_driver_dies("lost")
    world.lease = "a driver past the master"
    machine.dagster_looks(times=100)
    refused = [start for start in world.starts if start.outcome == "refused"]
    assert len(refused) > world.limits.starts
    assert not acts(world, since)
    world.lease = None
    machine.dagster_looks(times=20)
    assert world.is_well


def test_somebody_who_starts_it_before_the_supervisor_has_given_up_is_heard(machine: Supervised):
    world = machine.world
    machine.the_code_changes(Fault.FAILS)
    while world.look().action is not Action.GIVE_UP:
        world.carry_out()
        world.pass_time(LOOK_EVERY)
    world.fault = Fault.NONE
    world.pass_time(STEP)
    machine.somebody_starts_it()
    world.carry_out()
    assert world.wanted.gave_up_at is None
    machine.dagster_looks(times=20)
    assert world.is_well


def test_pauses_between_starts_grow_no_further_than_the_longest(machine: Supervised):
    world, since = machine.world, len(machine.world.lines)
    world.limits = replace(world.limits, longest_backoff=2 * world.limits.backoff)
    for _ in range(60):
        machine.dagster_looks(times=2)
        machine.somebody_kills_the_submission()
    starts = [line.at for line in acts(world, since) if line.decision.action is Action.START]
    pauses = [after - before for before, after in pairwise(starts)]
    assert len(pauses) > 4
    assert max(pauses) <= world.limits.longest_backoff + 3 * LOOK_EVERY
