"""The world in small: a master with a will of its own, workers, drivers, the lease, the tables, Dagster and its runs.

Time moves in steps of five seconds. What the supervisor does is the real thing: rules, books, memory, and the functions
that runs carry decisions out with, on a database and a master that are this simulation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import count

from pydantic import SecretStr

from pipeline_defs import stream
from pipeline_defs.database import Database, Row, Session
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Application, Cluster, Driver, SparkMaster, SparkMasterError, Submission
from pipeline_defs.supervision import APPLICATION_NAME, Action, Decision, Limits, State, World, decide
from pipeline_defs.supervision.books import Entry, turn
from pipeline_defs.supervision.memory import Memory
from pipeline_defs.supervision.starts import DriverStart, OwnStart
from pipeline_defs.supervision.world import Progress, Wanted
from tests.definitions.fakes import NOW

STEP = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=15)
_ASKS_AFTER = timedelta(seconds=10)
_REGISTERS_AFTER = timedelta(seconds=15)
_FAILS_LATER_AFTER = timedelta(seconds=75)


_PROVISIONED = Wanted(running=True, changed_by="provision", asked_at=NOW - LOOK_EVERY, code_version="v1")


class Fault(Enum):
    """What is wrong with the code of the stream."""

    NONE = auto()
    FAILS = auto()
    FAILS_LATER = auto()
    NEVER_REGISTERS = auto()
    STALLS = auto()


class Run(Enum):
    """How far the run of a decision is."""

    QUEUED = auto()
    DONE = auto()
    DIED = auto()


@dataclass
class Submitted:
    """A driver that the master keeps alive until it ends with 0 or is killed."""

    id: str
    version: str
    age: timedelta = timedelta()
    on_worker: bool = False
    hangs: bool = False  # before it registers, and until it is killed
    start: int | None = None
    application: Application | None = None


@dataclass
class Line:
    """A row of `decisions`."""

    id: int
    at: datetime
    decision: Decision
    outcome: str | None
    subject: str | None


@dataclass
class Simulation:
    """All of it, at one moment."""

    now: datetime = NOW
    master: str | None = "ALIVE"
    workers: int = 2
    fault: Fault = Fault.NONE
    version: str = "v1"
    dagster: str = "first"
    drivers: list[Submitted] = field(default_factory=list)
    lease: str | None = None
    wanted: Wanted = field(default_factory=lambda: _PROVISIONED)
    restart_at: datetime = NOW - timedelta(days=1)
    starts: list[DriverStart] = field(default_factory=list)
    progress: Progress | None = None
    consumed: int = 0
    produced: int = 0
    moved_at: datetime | None = None
    lines: list[Line] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    decision: Decision | None = None
    seen: str | None = None  # the master, at the last look
    limits: Limits = field(default_factory=Limits)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    submitted: list[int | None] = field(default_factory=list)  # the decision of each submission, None for a person's
    carrying_out: int | None = None

    # time and the cluster

    def pass_time(self, span: timedelta) -> None:
        """Let the cluster live for a while."""
        end = self.now + span
        while self.now < end:
            self.now += STEP
            self.produced += 1
            if self.master is None:
                continue  # what runs goes on; what ended stays away
            for driver in list(self.drivers):
                self._live(driver)

    def _live(self, driver: Submitted) -> None:
        if not driver.on_worker:
            if not self.workers or self.master != "ALIVE":
                return
            driver.on_worker = True
        driver.age += STEP
        if driver.application is None and (driver.hangs or self.fault is Fault.NEVER_REGISTERS):
            return
        if driver.start is None:
            if driver.age >= _ASKS_AFTER:
                self._ask(driver)
        elif not self._may_run(driver):
            self._end(driver, "stopped")
        elif self.fault is Fault.FAILS or (self.fault is Fault.FAILS_LATER and driver.age >= _FAILS_LATER_AFTER):
            self.lose(driver, "failed")
        elif driver.application is None:
            self._register(driver)
        else:
            self.progress = Progress(driver.application.id, self.now)
            if self.fault is not Fault.STALLS and self.consumed != self.produced:
                self.consumed, self.moved_at = self.produced, self.now

    def _ask(self, driver: Submitted) -> None:
        self.starts.append(DriverStart(self.now, driver.id))
        driver.start = len(self.starts) - 1
        if self.lease is not None or not self._may_run(driver):
            self._end(driver, "refused")
        else:
            self.lease = driver.id

    def _register(self, driver: Submitted) -> None:
        if driver.age >= _REGISTERS_AFTER and driver.start is not None:
            driver.application = Application(f"app-{next(self.ids)}", APPLICATION_NAME, "RUNNING", 2, self.now)
            described = {"application_id": driver.application.id, "code_version": driver.version}
            self.starts[driver.start] = replace(self.starts[driver.start], **described)

    def _may_run(self, driver: Submitted) -> bool:
        started = self.starts[driver.start].started_at if driver.start is not None else self.now
        return self.wanted.running and self.wanted.gave_up_at is None and started > self.restart_at

    def lose(self, driver: Submitted, outcome: str | None) -> None:
        """Let a driver die; the master starts it again under its id."""
        if driver.start is not None and outcome:
            self.starts[driver.start] = replace(self.starts[driver.start], outcome=outcome, last_error="boom")
        if self.lease == driver.id:
            self.lease = None
        driver.start, driver.application, driver.on_worker, driver.age = None, None, False, timedelta()

    def _end(self, driver: Submitted, outcome: str) -> None:
        self.lose(driver, outcome)
        self.drivers.remove(driver)

    def lose_workers(self) -> None:
        """Let every worker die, and the drivers with them."""
        self.workers = 0
        for driver in self.drivers:
            self.lose(driver, None)

    @property
    def cluster(self) -> Cluster | None:
        """What the master shows."""
        if self.master is None:
            return None
        return Cluster(
            self.master,
            self.workers,
            2 * self.workers,
            0,
            tuple(Driver(each.id, "RUNNING", "worker" if each.on_worker else None) for each in self.drivers),
            tuple(each.application for each in self.drivers if each.application),
        )

    # Dagster

    def look(self, *, crashes: bool = False) -> Decision:
        """Let the sensor look once, as it does every 15 s; if it crashes, then between the row and its run."""
        self.wanted = replace(self.wanted, code_version=self.version)
        at_work = next((f"run-{each}" for each, run in self.runs.items() if run is Run.QUEUED), None)
        lag = {0: self.produced - self.consumed}
        first_look = self.memory.supervisor != self.dagster
        self.memory = self.memory.after(self.now, self.dagster, self.consumed, lag)
        entries = [
            Entry(each.id, each.at, each.decision.state, each.decision.action, each.outcome)
            for each in reversed(self.lines[-50:])
        ]
        since = self.now - self.limits.window
        acted = [
            each
            for each in self.lines
            if each.decision.action in {Action.START, Action.RESTART}
            and each.outcome is not None
            and not each.outcome.startswith("not ")
        ]
        world = World(
            now=self.now,
            wanted=self.wanted,
            cluster=self.cluster,
            progress=self.progress,
            backlog=self.memory.backlog(lag, self.moved_at),
            starts=self.starts[-40:],
            own_starts=[OwnStart(each.at, each.subject) for each in acted if each.at > since],
            states=[(entry.state, entry.decided_at) for entry in entries],
            first_look=first_look,
            limits=self.limits,
        )
        ended = {each: "FAILURE" for each, run in self.runs.items() if run is Run.DIED}
        taken = turn(entries, decide(world), at_work, ended)
        for number, outcome in taken.settled.items():
            self._line(number).outcome = outcome
        number = taken.again
        if taken.record:
            number = len(self.lines) + 1
            outcome = None if taken.decision.acts else "noted"
            self.lines.append(Line(number, self.now, taken.decision, outcome, taken.decision.subject))
        if taken.request and number is not None and not crashes:
            self.runs.setdefault(number, Run.QUEUED)  # Dagster starts no second run with the same key
        self.decision, self.seen = taken.decision, self.master
        return taken.decision

    def carry_out(self, *, dies: bool = False) -> None:
        """Let the queued run do its work; if it dies, it does so between its work and writing it down."""
        for number, run in list(self.runs.items()):
            if run is Run.QUEUED:
                self.carrying_out = number
                try:
                    done = stream.carry_out(
                        Tables(self), Master(self), Settings(), number, stream.Patience(60, self._clock, self._sleep)
                    ).what
                except (SparkMasterError, stream.StreamError) as error:
                    done = f"failed: {error}"
                self.carrying_out = None
                self.runs[number] = Run.DIED if dies else Run.DONE
                if not dies:
                    self._line(number).outcome = done

    def run_dies(self) -> None:
        """Let the queued run die before it does anything."""
        for number, run in list(self.runs.items()):
            if run is Run.QUEUED:
                self.runs[number] = Run.DIED

    # people

    def asks(self, *, running: bool) -> None:
        """Let somebody launch start_stream or stop_stream, without waiting."""
        self.wanted = Wanted(running, "somebody", self.now, code_version=self.version)
        if running:
            try:
                stream.start(Tables(self), Master(self), Settings())
            except SparkMasterError:
                return

    def _clock(self) -> float:
        return self.now.timestamp()

    def _sleep(self, _: float) -> None:
        self.pass_time(STEP)

    def _line(self, number: int) -> Line:
        return self.lines[number - 1]

    @property
    def is_well(self) -> bool:
        """Whether one driver runs, writes, and is of the present version."""
        return (
            len(self.drivers) == 1
            and self.drivers[0].application is not None
            and self.drivers[0].version == self.version
            and self.produced - self.consumed <= LOOK_EVERY / STEP
            and self.decision is not None
            and self.decision.state in {State.RUNNING, State.IDLE}
        )


class Tables(Database):
    """The tables, as the functions that carry out decisions use them."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(SecretStr("postgresql://nowhere"))
        self.simulation = simulation

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield _Statements(self.simulation)


class _Statements(Session):
    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def run(self, name: str, **values: object) -> list[Row]:
        """Answer what stream.py asks."""
        world = self._simulation
        match name:
            case "stream_start_lock":
                return [{"alone": True}]
            case "stream_state_read":
                wanted = "running" if world.wanted.running else "stopped"
                return [{"wanted": wanted, "gave_up_at": world.wanted.gave_up_at}]
            case "stream_state_restart":
                world.restart_at = world.now
            case "stream_state_give_up":
                world.wanted = replace(world.wanted, gave_up_at=world.now)
            case "decisions_read":
                line = world.lines[int(str(values["id"])) - 1]
                return [{"action": line.decision.action.value, "subject": line.subject, "outcome": line.outcome}]
            case _:
                raise AssertionError(f"nobody should run {name}")
        return []


class Master(SparkMaster):
    """The master's two interfaces."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("http://nowhere", "http://nowhere")
        self.simulation = simulation

    def cluster(self) -> Cluster:
        """Show the cluster, if the master is there."""
        found = self.simulation.cluster
        if found is None:
            raise SparkMasterError("The Spark master doesn't answer.")
        return found

    def submit(self, submission: Submission) -> str:
        """Take a driver, and hold the supervisor to its promises."""
        world = self.simulation
        assert world.wanted.running, "a start although it was stopped on purpose"
        assert world.wanted.gave_up_at is None, "a start although the breaker is open"
        assert not world.drivers, "two starts for one need"
        assert submission.properties["spark.app.name"] == APPLICATION_NAME
        self.cluster()
        world.submitted.append(world.carrying_out)
        driver = Submitted(f"driver-{next(world.ids)}", world.version)
        world.drivers.append(driver)
        line = world.carrying_out and world.lines[world.carrying_out - 1]
        if line:
            line.subject = driver.id
        return driver.id

    def kill(self, driver_id: str) -> None:
        """End a driver for good."""
        world = self.simulation
        self.cluster()
        for driver in list(world.drivers):
            if driver.id == driver_id:
                world.lose(driver, None)
                world.drivers.remove(driver)
