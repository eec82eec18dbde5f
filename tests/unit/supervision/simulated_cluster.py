"""The cluster in small: a master with a will of its own, workers, drivers, their lease and what they write.

Time moves in steps of five seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import count

from pipeline_defs.spark_master import Application, Cluster, Driver
from pipeline_defs.supervision import APPLICATION_NAME
from pipeline_defs.supervision.starts import DriverStart
from pipeline_defs.supervision.world import Progress, Wanted
from tests.definitions.fakes import NOW

STEP = timedelta(seconds=5)
_ASKS_AFTER = timedelta(seconds=10)
_WAITS_FOR_LEASE = timedelta(seconds=60)
_REGISTERS_AFTER = timedelta(seconds=15)
_FAILS_LATER_AFTER = timedelta(seconds=75)

_PROVISIONED = Wanted(running=True, changed_by="provision", asked_at=NOW - 3 * STEP, code_version="v1")


class Fault(Enum):
    """What is wrong with the code: each driver of it fails."""

    NONE = auto()
    FAILS = auto()
    FAILS_LATER = auto()


class Illness(Enum):
    """What is wrong with one driver, until it ends."""

    NONE = auto()
    HANGS = auto()  # before it registers
    STALLS = auto()  # writes no more
    SILENT = auto()  # tells of itself no more


@dataclass
class Submitted:
    """A driver that the master keeps alive until it ends with 0 or is killed."""

    id: str
    version: str
    age: timedelta = timedelta()
    on_worker: bool = False
    illness: Illness = Illness.NONE
    start: int | None = None
    application: Application | None = None


@dataclass
class SimulatedCluster:
    """The cluster, and the tables of its drivers, at one moment."""

    now: datetime = NOW
    master: str | None = "ALIVE"
    workers: int = 2
    fault: Fault = Fault.NONE
    version: str = "v1"
    drivers: list[Submitted] = field(default_factory=list)
    lease: str | None = None
    wanted: Wanted = field(default_factory=lambda: _PROVISIONED)
    restart_at: datetime = NOW - timedelta(days=1)
    starts: list[DriverStart] = field(default_factory=list)
    progress: Progress | None = None
    consumed: int = 0
    produced: int = 0
    moved_at: datetime | None = None
    ids: Iterator[int] = field(default_factory=lambda: count(1))

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
        if driver.application is None and driver.illness is Illness.HANGS:
            return
        if driver.start is None:
            if driver.age >= _ASKS_AFTER:
                self._ask(driver)
        elif not self._may_run(driver):
            self._end(driver, "stopped" if self.lease == driver.id else "refused")
        elif self.lease != driver.id:
            self._wait_for_lease(driver)
        elif self.fault is Fault.FAILS or (self.fault is Fault.FAILS_LATER and driver.age >= _FAILS_LATER_AFTER):
            self.lose(driver, "failed")
        elif driver.application is None:
            self._register(driver)
        else:
            self._work(driver, driver.application)

    def _work(self, driver: Submitted, application: Application) -> None:
        if driver.illness is not Illness.SILENT:
            self.progress = Progress(application.id, self.now)
        if driver.illness is not Illness.STALLS and self.consumed != self.produced:
            self.consumed, self.moved_at = self.produced, self.now

    def _ask(self, driver: Submitted) -> None:
        self.starts.append(DriverStart(self.now, driver.id))
        driver.start = len(self.starts) - 1
        if not self._may_run(driver):
            self._end(driver, "refused")
        else:
            self._wait_for_lease(driver)

    def _wait_for_lease(self, driver: Submitted) -> None:
        if self.lease is None:
            self.lease = driver.id
        elif driver.age >= _ASKS_AFTER + _WAITS_FOR_LEASE:
            self.lose(driver, "refused")

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
            self.starts[driver.start] = replace(self.starts[driver.start], outcome=outcome)
        if self.lease == driver.id:
            self.lease = None
        driver.start, driver.application, driver.on_worker, driver.age = None, None, False, timedelta()
        driver.illness = Illness.NONE

    def _end(self, driver: Submitted, outcome: str | None) -> None:
        self.lose(driver, outcome)
        self.drivers.remove(driver)

    def submit(self) -> Submitted:
        """Let the master have one driver more."""
        driver = Submitted(f"driver-{next(self.ids)}", self.version)
        self.drivers.append(driver)
        return driver

    def kill(self, driver: Submitted) -> None:
        """End a driver for good."""
        self._end(driver, None)

    def lose_workers(self) -> None:
        """Let every worker die, and the drivers with them."""
        self.workers = 0
        for driver in self.drivers:
            self.lose(driver, None)

    @property
    def cluster(self) -> Cluster | None:
        """What the master shows: nothing of what there is while it recovers."""
        if self.master is None:
            return None
        shown = self.drivers if self.master == "ALIVE" else []
        return Cluster(
            self.master,
            self.workers,
            2 * self.workers,
            0,
            tuple(Driver(each.id, "RUNNING", "worker" if each.on_worker else None) for each in shown),
            tuple(each.application for each in shown if each.application),
        )
