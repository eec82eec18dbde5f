"""Random sequences of faults, looks, crashes and wishes: what the supervisor promises holds through all of them."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline_defs.supervision import Action, State
from tests.unit.supervision.simulated_cluster import Fault, Illness
from tests.unit.supervision.simulation import LOOK_EVERY, STARTING, Run, Simulation

# The longest pause between starts, the time that a driver gets to register, and as much again.
_LOOKS_UNTIL_WELL = 100
# A driver that hangs is ended after two minutes; of two, each.
_LOOKS_UNTIL_STOPPED = 25
_LOOKS_WHILE_WELL = 8


class Supervised(RuleBasedStateMachine):
    """The stream under supervision."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Simulation()

    def _look(self, times: int = 1) -> None:
        for _ in range(times):
            self.world.carry_out()
            self.world.pass_time(LOOK_EVERY)
            self.world.look()

    # Dagster

    @initialize(looks=st.integers(0, 10))
    def some_time_has_passed(self, looks: int) -> None:
        self._look(looks)

    @rule(times=st.integers(1, 12))
    def dagster_looks(self, times: int) -> None:
        self._look(times)

    @rule()
    def it_looks_twice_at_once(self) -> None:
        self.world.look()
        self.world.look()

    @rule(seconds=st.integers(1, 100))
    def time_passes_without_dagster(self, seconds: int) -> None:
        self.world.pass_time(timedelta(seconds=10 * seconds))

    @rule()
    def dagster_starts_again(self) -> None:
        """Then what runs is adopted."""
        world = self.world
        world.dagster += "'"
        if world.is_well and world.wanted.running and world.fault is Fault.NONE and world.master == "ALIVE":
            drivers = list(world.drivers)
            self._look()
            assert world.lines[-1].decision.action is Action.ADOPT
            self._look(_LOOKS_WHILE_WELL)
            assert world.drivers == drivers

    @rule()
    def the_submission_is_gone_and_a_run_is_queued(self) -> None:
        self.somebody_kills_the_submission()
        for _ in range(_LOOKS_UNTIL_WELL):
            if Run.QUEUED in self.world.runs.values():
                return
            self.world.pass_time(LOOK_EVERY)
            self.world.look()

    @rule()
    @precondition(lambda self: Run.QUEUED in self.world.runs.values())
    def a_run_dies_before_its_work(self) -> None:
        self.world.run_dies()

    @rule(waits=st.integers(0, 12))
    @precondition(lambda self: Run.QUEUED in self.world.runs.values())
    def a_run_dies_while_it_waits(self, waits: int) -> None:
        self.world.carry_out(dies_after=waits)

    @rule()
    @precondition(lambda self: Run.QUEUED in self.world.runs.values())
    def a_run_dies_between_its_work_and_its_record(self) -> None:
        self.world.carry_out(dies=True)

    @rule()
    def a_look_crashes_before_its_run_is_made(self) -> None:
        self.world.look(crashes=True)

    # the stream

    @rule(fault=st.sampled_from(Fault))
    def the_code_changes(self, fault: Fault) -> None:
        self.world.fault = fault

    @rule()
    def a_version_is_deployed(self) -> None:
        self.world.version += "'"

    @rule(outcome=st.sampled_from(["lost", None]))
    def the_driver_dies(self, outcome: str | None) -> None:
        for driver in self.world.drivers:
            self.world.lose(driver, outcome)

    @rule(illness=st.sampled_from(Illness))
    @precondition(lambda self: self.world.drivers)
    def the_driver_falls_ill(self, illness: Illness) -> None:
        driver = self.world.drivers[-1]
        if illness is Illness.HANGS:
            self.world.lose(driver, None)
        driver.illness = illness

    @rule()
    def somebody_kills_the_submission(self) -> None:
        for driver in list(self.world.drivers):
            self.world.kill(driver)

    @rule(times=st.integers(2, 5))
    def whatever_is_started_vanishes(self, times: int) -> None:
        for _ in range(times):
            self._look(12)
            for driver in list(self.world.drivers):
                self.world.kill(driver)

    # the cluster

    @rule(number=st.integers(1, 2))
    def workers_are_there(self, number: int) -> None:
        self.world.workers = number

    @rule()
    def the_workers_are_lost(self) -> None:
        self.world.lose_workers()

    @rule(illness=st.sampled_from([Illness.NONE, Illness.HANGS]))
    @precondition(lambda self: self.world.drivers and self.world.master == "ALIVE")
    def the_master_takes_a_driver_for_lost_and_makes_another(self, illness: Illness) -> None:
        self.world.submit().illness = illness

    @rule(status=st.sampled_from([None, "RECOVERING", "ALIVE"]), looks=st.integers(0, 6))
    def the_master_is(self, status: str | None, looks: int) -> None:
        self.world.master = status
        self._look(looks)

    # people

    @rule()
    def somebody_starts_it(self) -> None:
        self.world.starts_it()

    @rule()
    def somebody_restarts_it(self) -> None:
        self.world.restarts_it()

    @rule(waits=st.booleans())
    def somebody_stops_it(self, *, waits: bool) -> None:
        self.world.stops_it(waits=waits)

    @rule()
    def somebody_stops_it_before_a_run_comes(self) -> None:
        """Then the run starts nothing."""
        self.the_submission_is_gone_and_a_run_is_queued()
        self.world.stops_it(waits=False)
        self._look()

    @rule(data=st.data(), gone=st.booleans())
    @precondition(lambda self: self.world.said)
    def somebody_executes_a_run_again(self, data: st.DataObject, *, gone: bool) -> None:
        """Then nothing is started, whether what it started is still there or not."""
        if gone:
            self.somebody_kills_the_submission()
        drivers = list(self.world.drivers)
        self.world.carry_out_again(data.draw(st.sampled_from(sorted(self.world.said))))
        assert self.world.drivers == drivers

    # what it comes to

    def teardown(self) -> None:
        self.the_world_is_healthy_again()

    @rule()
    def the_world_is_healthy_again(self) -> None:
        """Then the stream runs within a bounded number of looks, unless somebody has to ask for it first."""
        world = self.world
        world.fault, world.master, world.workers = Fault.NONE, "ALIVE", 2
        if world.wanted.running:
            self._becomes_well()
            self._is_left_alone()
        else:
            self._stays_stopped()
        assert not [line for line in world.lines if line.outcome is None]

    def _becomes_well(self) -> None:
        world = self.world
        for _ in range(_LOOKS_UNTIL_WELL):
            self._look()
            if world.is_well:
                return
            assert world.decision
            if world.wanted.gave_up_at:
                assert world.decision.state is State.CRASH_LOOP
                world.starts_it()
            elif world.decision.action is Action.ASK_FOR_HELP and not any(each.application for each in world.drivers):
                assert world.decision.state is State.TWO_DRIVERS
                world.restarts_it()
        raise AssertionError(f"not well after {_LOOKS_UNTIL_WELL} looks: {world.decision}")

    def _is_left_alone(self) -> None:
        drivers, decisions = list(self.world.drivers), len(self.world.lines)
        self._look(_LOOKS_WHILE_WELL)
        assert self.world.drivers == drivers
        assert not [line.decision for line in self.world.lines[decisions:] if line.decision.acts]

    def _stays_stopped(self) -> None:
        submitted = len(self.world.submitted)
        self._look(_LOOKS_UNTIL_STOPPED)
        assert len(self.world.submitted) == submitted
        assert not self.world.drivers
        assert self.world.decision
        assert self.world.decision.state is State.STOPPED_ON_PURPOSE

    @rule()
    @precondition(lambda self: self.world.wanted.running)
    def it_fails_for_long(self) -> None:
        """Then the breaker opens within a bounded number of looks, and nothing of it is left."""
        world = self.world
        world.fault, world.master, world.workers = Fault.FAILS, "ALIVE", 2
        for _ in range(_LOOKS_UNTIL_WELL):
            self._look()
            if world.wanted.gave_up_at and not world.drivers:
                return
            if world.decision and world.decision.state is State.TWO_DRIVERS:
                world.restarts_it()
        raise AssertionError(f"no end after {_LOOKS_UNTIL_WELL} looks: {world.decision}")

    @invariant()
    def one_decision_at_a_time_waits_to_be_carried_out(self) -> None:
        waiting = [line for line in self.world.lines if line.outcome is None]
        assert len(waiting) <= 1, waiting
        assert sum(run is Run.QUEUED for run in self.world.runs.values()) <= 1

    @invariant()
    def what_a_run_did_is_what_its_decision_says(self) -> None:
        assert {number: self.world.line(number).outcome for number in self.world.said} == self.world.said

    @invariant()
    def a_decision_leads_to_at_most_one_driver(self) -> None:
        decisions = [number for number in self.world.submitted if number is not None]
        assert len(decisions) == len(set(decisions))

    @invariant()
    def the_distance_between_starts_doubles(self) -> None:
        limits = self.world.limits
        for line in self.world.lines:
            if line.decision.action in STARTING:
                since = max(line.at - limits.window, line.world.wanted.asked_at)
                before = [start.at for start in line.world.own_starts if start.at >= since]
                if before:
                    pause = min(limits.backoff * 2 ** (len(before) - 1), limits.longest_backoff)
                    assert line.at - before[-1] >= pause, (line, before)

    @invariant()
    def the_breaker_opens_only_for_failures_since_somebody_asked(self) -> None:
        for line in self.world.lines:
            asked_at = line.world.wanted.asked_at
            if line.decision.action is Action.GIVE_UP and line.world.wanted.gave_up_at is None:
                starts = [start for start in line.world.starts if start.started_at >= asked_at]
                own = [start for start in line.world.own_starts if start.at >= asked_at]
                assert len(starts) + len(own) >= self.world.limits.starts

    @invariant()
    def every_change_of_state_is_on_record_and_only_changes_are(self) -> None:
        lines = self.world.lines
        assert self.world.decision is None or lines[-1].decision.state is self.world.decision.state
        kept = [line for line in lines if line.decision.action in {Action.KEEP, Action.WAIT}]
        quiet = {line.id for line in kept}
        for before, after in pairwise(lines):
            repeated = before.decision.state is after.decision.state
            assert not (repeated and before.id in quiet and after.id in quiet), (before, after)


TestSupervised = Supervised.TestCase
TestSupervised.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
