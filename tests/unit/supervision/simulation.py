"""Dagster and its people in small, beside a cluster: the sensor's looks, the rows of `decisions`, runs and jobs.

What the supervisor does is the real thing: rules, books, memory, and the functions that runs and people's jobs use, on
a database and a master that are this simulation (`servers`). The daemon goes on looking while a run is at work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from pipeline_defs import stream
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import Settings
from pipeline_defs.stream import Done, Patience
from pipeline_defs.supervision import Action, Decision, Limits, State, World, decide
from pipeline_defs.supervision.books import Entry, turn
from pipeline_defs.supervision.memory import Memory
from pipeline_defs.supervision.starts import OwnStart
from tests.definitions.fakes import NOW
from tests.unit.supervision import servers
from tests.unit.supervision.simulated_cluster import STEP, Illness, SimulatedCluster

LOOK_EVERY = timedelta(seconds=15)
STARTING = {Action.START, Action.RESTART}
_GRACEFUL_SECONDS = 60


class Run(Enum):
    """How far the run of a decision is."""

    QUEUED = auto()
    AT_WORK = auto()
    DONE = auto()
    DIED = auto()


class DiedError(Exception):
    """A run was killed while it waited."""


@dataclass
class Line:
    """A row of `decisions`, the world that it was decided in, and what the supervisor or a run wrote as its outcome."""

    id: int
    decision: Decision
    world: World
    subject: str | None
    outcome: str | None = None

    @property
    def at(self) -> datetime:
        return self.world.now


@dataclass
class Simulation(SimulatedCluster):
    """All of it, at one moment."""

    dagster: str = "first"
    lines: list[Line] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    decision: Decision | None = None
    looked_at: datetime = NOW
    limits: Limits = field(default_factory=Limits)
    submitted: list[int | None] = field(default_factory=list)  # the decision of each submission, None for a person's
    said: dict[int, str] = field(default_factory=dict)  # how the run of a decision ended, by its own words
    carrying_out: int | None = None
    somebody_is_at_work: bool = False
    dies_after: int | None = None  # so many waits, the run that is at work is killed

    # Dagster

    def look(self, *, crashes: bool = False) -> Decision:
        """Let the sensor look once, as it does every 15 s; if it crashes, then between the row and its run."""
        self.wanted = replace(self.wanted, code_version=self.version)
        at_work = self._run_at_work()
        entries = [
            Entry(each.id, each.at, each.decision.state, each.decision.action, each.outcome, each.subject)
            for each in reversed(self.lines[-50:])
        ]
        world = self._world(entries)
        ended = {} if at_work else {each: "FAILURE" for each, run in self.runs.items() if run is Run.DIED}
        taken = turn(entries, decide(world), at_work, ended)
        for number, outcome in taken.settled.items():
            assert self.line(number).outcome is None, "an outcome was written already"
            self.finish(number, outcome)
        number = taken.again
        if taken.record:
            number = len(self.lines) + 1
            outcome = None if taken.decision.acts else "noted"
            self.lines.append(Line(number, taken.decision, world, taken.decision.subject, outcome))
        if taken.request and number is not None and not crashes:
            self.runs.setdefault(number, Run.QUEUED)  # Dagster starts no second run with the same key
        assert crashes or at_work or not self._forgotten(), "a row whose outcome nobody will write"
        self._judge(taken.decision, at_work)
        self.decision, self.looked_at = taken.decision, self.now
        return taken.decision

    def _judge(self, decision: Decision, at_work: str | None) -> None:
        assert not (decision.acts and at_work), f"{decision} beside {at_work}"
        assert not (decision.acts and self.master != "ALIVE"), f"{decision} while the master is {self.master}"
        if decision.action in STARTING:
            assert self.wanted.running, f"{decision} although it was stopped on purpose"
            assert self.wanted.gave_up_at is None, f"{decision} although the breaker is open"

    def _world(self, entries: list[Entry]) -> World:
        lag = {0: self.produced - self.consumed}
        first_look = self.memory.supervisor != self.dagster
        self.memory = self.memory.after(self.now, self.dagster, self.consumed, lag)
        since = self.now - self.limits.window
        return World(
            now=self.now,
            wanted=self.wanted,
            cluster=self.cluster,
            progress=self.progress,
            backlog=self.memory.backlog(lag, self.moved_at),
            starts=self.starts[-40:],
            own_starts=[OwnStart(each.at, each.subject) for each in self._carried_out_starts() if each.at > since],
            states=[(entry.state, entry.decided_at) for entry in entries],
            first_look=first_look,
            limits=self.limits,
        )

    def _carried_out_starts(self) -> list[Line]:
        started = [line for line in self.lines if line.decision.action in STARTING and line.outcome is not None]
        return [line for line in started if not str(line.outcome).startswith("not ")]

    def _run_at_work(self) -> str | None:
        if self.somebody_is_at_work:
            return "run-of-somebody"
        return next((f"run-{each}" for each, run in self.runs.items() if run in {Run.QUEUED, Run.AT_WORK}), None)

    def _forgotten(self) -> list[Line]:
        to_come = {each for each, run in self.runs.items() if run in {Run.QUEUED, Run.AT_WORK}}
        return [line for line in self.lines if line.outcome is None and line.id not in to_come]

    def finish(self, number: int, outcome: str, subject: str | None = None) -> None:
        """Write an outcome, once."""
        line = self.line(number)
        if line.outcome is None:
            line.outcome, line.subject = outcome, subject or line.subject

    def carry_out(self, *, dies: bool = False, dies_after: int | None = None) -> None:
        """Let the queued run do its work; it may die before it writes that down, or while it waits."""
        for number, run in list(self.runs.items()):
            if run is Run.QUEUED:
                self.runs[number] = Run.AT_WORK
                self.dies_after = dies_after
                try:
                    done = self._carried_out(number)
                except DiedError:
                    done = None
                self.dies_after = None
                self.runs[number] = Run.DONE if done and not dies else Run.DIED
                if done and not dies:
                    self._tell(number, done)

    def _tell(self, number: int, done: Done) -> None:
        self.said[number] = done.what
        self.finish(number, done.what, done.driver_id)
        if self.line(number).decision.action is Action.GIVE_UP and not done.what.startswith(("failed", "not needed")):
            assert not self.drivers, "a driver is left of what was given up"

    def carry_out_again(self, number: int) -> None:
        """Let somebody execute the run of a decision once more, in Dagster's UI."""
        self._job(lambda: self._carried_out(number))

    def _carried_out(self, number: int) -> Done:
        self.carrying_out = number
        try:
            return stream.carry_out(self.tables, self.spark_master, Settings(), number, self._patience())
        except PipelineError as error:
            return Done(f"failed: {error}")
        finally:
            self.carrying_out = None

    def run_dies(self) -> None:
        """Let the queued run die before it does anything."""
        for number, run in list(self.runs.items()):
            if run is Run.QUEUED:
                self.runs[number] = Run.DIED

    # people

    def starts_it(self) -> None:
        """Let somebody launch start_stream."""
        stream.want(self.tables, Settings(), "somebody")
        self._job(lambda: stream.start(self.tables, self.spark_master, Settings()))

    def restarts_it(self) -> None:
        """Let somebody launch restart_stream."""
        stream.want(self.tables, Settings(), "somebody")
        self._job(lambda: stream.restart(self.tables, self.spark_master, Settings(), self._patience()))

    def stops_it(self, *, waits: bool) -> None:
        """Let somebody launch stop_stream; it waits until the driver is gone, or its run dies before that."""
        self.dies_after = None if waits else 0
        self._job(lambda: stream.stop(self.tables, self.spark_master, "somebody", self._patience()))
        self.dies_after = None

    @property
    def tables(self) -> servers.Tables:
        """PostgreSQL, as those functions use it."""
        return servers.Tables(self)

    @property
    def spark_master(self) -> servers.Master:
        """The master, as those functions use it."""
        return servers.Master(self)

    def _job(self, work: Callable[[], Done]) -> None:
        self.somebody_is_at_work = True
        try:
            work()
        except (PipelineError, DiedError):
            return
        finally:
            self.somebody_is_at_work = False

    def _patience(self) -> Patience:
        return Patience(_GRACEFUL_SECONDS, self._clock, self._sleep)

    def _clock(self) -> float:
        return self.now.timestamp()

    def _sleep(self, _: float) -> None:
        if self.dies_after is not None:
            if not self.dies_after:
                raise DiedError
            self.dies_after -= 1
        self.pass_time(STEP)
        if self.now - self.looked_at >= LOOK_EVERY:
            self.look()

    def line(self, number: int) -> Line:
        """Give a row of `decisions`."""
        return self.lines[number - 1]

    @property
    def is_well(self) -> bool:
        """Whether one driver runs, writes, tells of it, and is of the present version."""
        return (
            len(self.drivers) == 1
            and self.drivers[0].application is not None
            and self.drivers[0].illness is Illness.NONE
            and self.drivers[0].version == self.version
            and self.produced - self.consumed <= LOOK_EVERY / STEP
            and self.decision is not None
            and self.decision.state in {State.RUNNING, State.IDLE}
        )
