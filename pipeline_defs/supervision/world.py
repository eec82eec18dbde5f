"""What a decision depends on, read at one moment, and the questions that the rules ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline_defs.spark_master import Application, Cluster, Driver
from pipeline_defs.supervision.starts import DriverStart, OwnStart
from pipeline_defs.supervision.states import State

APPLICATION_NAME = "users_stream"


@dataclass(frozen=True)
class Limits:
    """How long the supervisor waits before it does something, and how often it tries. Settings change them.

    Attributes:
        silent: a heartbeat older than this is not fresh; the driver moves it on every few seconds. Before a restart it
            must have been seen so for as long.
        stalled: input that waits so long, while nothing is written, makes the stream `stalled`.
        restart_stalled: and so long, makes it be restarted.
        register: a driver gets so long until its application is registered, and that again until it tells of itself.
        surplus: of two drivers, the lease lets one write; after this the other is ended.
        stop: a driver that nobody wants gets so long to end by itself.
        ask_for_help: what only people can mend is waited for so long.
        idle: nothing was written for so long, and nothing waits: idle.
        catching_up_from: so many records ahead of it: catching up.
        backoff: the pause after a first start; it doubles with each further one.
        longest_backoff: what it doesn't exceed.
        starts: so many failed starts within the window open the breaker.
        window: the time in which starts are counted.
    """

    silent: timedelta = timedelta(seconds=60)
    stalled: timedelta = timedelta(seconds=60)
    restart_stalled: timedelta = timedelta(seconds=240)
    register: timedelta = timedelta(seconds=300)
    surplus: timedelta = timedelta(seconds=60)
    stop: timedelta = timedelta(seconds=120)
    ask_for_help: timedelta = timedelta(seconds=300)
    idle: timedelta = timedelta(seconds=120)
    catching_up_from: int = 5000
    backoff: timedelta = timedelta(seconds=30)
    longest_backoff: timedelta = timedelta(seconds=480)
    starts: int = 6
    window: timedelta = timedelta(seconds=900)


@dataclass(frozen=True)
class Wanted:
    """What people want.

    Attributes:
        running: whether the stream is wanted.
        changed_by: who wanted it so.
        asked_at: when somebody last asked for it: starts before that don't count, and an open breaker is closed.
        gave_up_at: when the breaker opened; None while it is closed.
        code_version: the version of code and settings that Dagster has.
    """

    running: bool
    changed_by: str
    asked_at: datetime
    gave_up_at: datetime | None = None
    code_version: str = ""


@dataclass(frozen=True)
class Progress:
    """What the driver last said of itself."""

    application_id: str
    heartbeat_at: datetime


@dataclass(frozen=True)
class Backlog:
    """Kafka against the ledger.

    Attributes:
        lag: records not yet consumed, by partition; None where Kafka or the topic can't be asked.
        moved_at: when the ledger last moved; None before the first batch ever.
        waiting_since: since when input waits while the ledger stands still, as far as it was watched; None if not.
        seconds_to_catch_up: an estimate; None where none can be made.
    """

    lag: dict[int, int] | None = None
    moved_at: datetime | None = None
    waiting_since: datetime | None = None
    seconds_to_catch_up: float | None = None

    @property
    def records(self) -> int:
        """The lag over all partitions, 0 where it is unknown."""
        return sum((self.lag or {}).values())


@dataclass(frozen=True)
class World:
    """Everything that a decision depends on.

    Attributes:
        now: the moment, by PostgreSQL's clock.
        wanted: what people want.
        cluster: None when the master gives no answer.
        progress: None before the first batch ever.
        backlog: Kafka against the ledger.
        starts: the drivers' own records of their starts, oldest first, those of the window at least.
        own_starts: what the supervisor started, oldest first, within the window.
        states: the states that were recorded, newest first, each with its moment.
        first_look: nothing has been seen yet since Dagster's start.
        limits: how patient to be.
    """

    now: datetime
    wanted: Wanted
    cluster: Cluster | None
    progress: Progress | None = None
    backlog: Backlog = field(default_factory=Backlog)
    starts: Sequence[DriverStart] = ()
    own_starts: Sequence[OwnStart] = ()
    states: Sequence[tuple[State, datetime]] = ()
    first_look: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def applications(self) -> tuple[Application, ...]:
        """The registered applications that are the stream, by name."""
        found = self.cluster.applications if self.cluster else ()
        return tuple(app for app in found if app.name == APPLICATION_NAME)

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """The Python drivers. The cluster is the pipeline's own, so each of them is the stream, or is becoming it."""
        return self.cluster.drivers if self.cluster else ()

    @property
    def application(self) -> Application | None:
        """The one application; the one that tells of itself where there are two."""
        told = self.progress.application_id if self.progress else None
        return next((app for app in self.applications if app.id == told), next(iter(self.applications), None))

    @property
    def is_there(self) -> bool:
        """Whether anything of it is on the cluster."""
        return bool(self.applications or self.drivers)

    @property
    def start_of_application(self) -> DriverStart | None:
        """What the driver of the application recorded of its start."""
        app = self.application
        return next((start for start in reversed(self.starts) if app and start.application_id == app.id), None)

    @property
    def surplus_driver(self) -> Driver | None:
        """Of two drivers the one that isn't the application's; None where that isn't known."""
        start = self.start_of_application
        if len(self.drivers) < 2 or start is None or start.driver_id not in {each.id for each in self.drivers}:  # noqa: PLR2004
            return None
        return next(driver for driver in self.drivers if driver.id != start.driver_id)

    @property
    def has_told(self) -> bool:
        """Whether the application has told of itself."""
        return bool(self.application and self.progress and self.progress.application_id == self.application.id)

    @property
    def silence(self) -> timedelta:
        """How old the last heartbeat is."""
        return self.now - self.progress.heartbeat_at if self.progress else timedelta()

    @property
    def input_waits_for(self) -> timedelta:
        """How long input has waited, while the application was there and the ledger stood still."""
        since, app = self.backlog.waiting_since, self.application
        return self.now - max(since, app.started_at) if since and app else timedelta()

    @property
    def age_of_application(self) -> timedelta:
        """How long ago the application registered."""
        return self.now - self.application.started_at if self.application else timedelta()

    @property
    def has_written(self) -> bool:
        """Whether the ledger has moved since the application registered."""
        app, moved_at = self.application, self.backlog.moved_at
        return bool(app and moved_at and moved_at > app.started_at)

    @property
    def ran_before(self) -> bool:
        """Whether the driver that is on its way has had a start before this one, or ran since the last one of ours."""
        drivers = {driver.id for driver in self.drivers}
        mine = [start for start in self.starts if start.driver_id in drivers]
        if len(mine) > 1 or any(start.outcome or start.application_id for start in mine):
            return True
        own = self.own_starts[-1].at if self.own_starts else self.wanted.asked_at
        return bool(self.progress and self.progress.heartbeat_at > own)

    def lasted(self, *states: State) -> timedelta:
        """Give how long the recorded state has been one of these without a break."""
        since = self.now
        for state, at in self.states:
            if state not in states:
                break
            since = at
        return self.now - since

    def without_success(self, *states: State) -> timedelta:
        """Give how long the state has been one of these since the last start.

        That is one of ours, one that somebody asked for, or one by the master of which the driver wrote: drivers that
        start and fail, one after the other, are the breaker's.
        """
        ours, told = [start.at for start in self.own_starts], [start.started_at for start in self.starts]
        return min(self.lasted(*states), self.now - max([self.wanted.asked_at, *ours, *told]))
