"""Random sequences of faults, looks, crashes and wishes: what the supervisor promises holds through all of them."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline_defs.supervision import Action, State
from tests.unit.supervision.simulation import LOOK_EVERY, Fault, Run, Simulation

# The longest pause between starts, the time that a driver gets to register, and as much again.
_LOOKS_UNTIL_WELL = 100


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
        self.world.dagster += "'"

    @rule()
    @precondition(lambda self: Run.QUEUED in self.world.runs.values())
    def a_run_dies_before_its_work(self) -> None:
        self.world.run_dies()

    @rule()
    @precondition(lambda self: Run.QUEUED in self.world.runs.values())
    def a_run_dies_between_its_work_and_its_record(self) -> None:
        self.world.carry_out(dies=True)

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

    @rule()
    def somebody_kills_the_submission(self) -> None:
        for driver in list(self.world.drivers):
            self.world.lose(driver, None)
            self.world.drivers.remove(driver)

    @rule()
    def the_driver_hangs_before_it_registers(self) -> None:
        for driver in self.world.drivers:
            driver.hangs = driver.application is None

    @rule()
    def a_look_crashes_before_its_run_is_made(self) -> None:
        self.world.look(crashes=True)

    @rule(number=st.integers(1, 2))
    def workers_are_there(self, number: int) -> None:
        self.world.workers = number

    @rule()
    def the_workers_are_lost(self) -> None:
        self.world.lose_workers()

    @rule(status=st.sampled_from([None, "RECOVERING", "ALIVE"]))
    def the_master_is(self, status: str | None) -> None:
        self.world.master = status

    @rule(running=st.booleans())
    def somebody_asks(self, *, running: bool) -> None:
        self.world.asks(running=running)

    @rule()
    def the_world_is_healthy_again(self) -> None:
        """Then the stream runs within a bounded number of looks, unless somebody has to ask for it first."""
        world = self.world
        world.fault, world.master, world.workers = Fault.NONE, "ALIVE", 2
        if not world.wanted.running:
            before = len(world.submitted)
            self._look(_LOOKS_UNTIL_WELL // 4)
            assert len(world.submitted) == before
            assert not world.drivers
            assert world.decision
            assert world.decision.state is State.STOPPED_ON_PURPOSE
            return
        for _ in range(_LOOKS_UNTIL_WELL):
            self._look()
            if world.wanted.gave_up_at:
                assert world.decision
                assert world.decision.state is State.CRASH_LOOP
                world.asks(running=True)
            if world.is_well:
                return
        raise AssertionError(f"not well after {_LOOKS_UNTIL_WELL} looks: {world.decision}")

    @invariant()
    def one_decision_at_a_time_waits_to_be_carried_out(self) -> None:
        waiting = [line for line in self.world.lines if line.outcome is None]
        assert len(waiting) <= 1, waiting
        assert sum(run is Run.QUEUED for run in self.world.runs.values()) <= 1

    @invariant()
    def a_decision_leads_to_at_most_one_driver(self) -> None:
        decisions = [number for number in self.world.submitted if number is not None]
        assert len(decisions) == len(set(decisions))

    @invariant()
    def starts_keep_their_distance(self) -> None:
        starts = [
            line
            for line in self.world.lines
            if line.decision.action in {Action.START, Action.RESTART}
            # Nothing was started where the run died, or found nothing to do.
            and not (line.outcome or "").startswith(("not ", "its run ended"))
        ]
        for before, after in pairwise(starts):
            asked_between = self.world.wanted.asked_at >= before.at
            assert asked_between or after.at - before.at >= self.world.limits.backoff, (before, after)

    @invariant()
    def every_change_of_state_is_on_record_and_only_changes_are(self) -> None:
        lines = self.world.lines
        assert self.world.decision is None or lines[-1].decision.state is self.world.decision.state
        kept = [line for line in lines if line.decision.action in {Action.KEEP, Action.WAIT}]
        quiet = {line.id for line in kept}
        for before, after in pairwise(lines):
            repeated = before.decision.state is after.decision.state
            assert not (repeated and before.id in quiet and after.id in quiet), (before, after)

    @invariant()
    def while_the_master_is_away_or_recovers_nothing_is_done(self) -> None:
        if self.world.decision and self.world.seen != "ALIVE":
            assert not self.world.decision.acts


TestSupervised = Supervised.TestCase
TestSupervised.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
