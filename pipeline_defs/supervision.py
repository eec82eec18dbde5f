"""What is wanted of the stream, what is seen of it → what to do. Pure: the sensor brings the world, this decides."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline_defs.spark_master import Application, Cluster, Driver

APPLICATION_NAME = "users_stream"

# After a start the cluster gets this long to show a driver before the next start.
START_AGAIN_AFTER = timedelta(seconds=60)
# The driver moves its heartbeat on every few seconds, also while no input comes.
HEARTBEAT_IS_FRESH = timedelta(seconds=60)


class State(StrEnum):
    """What people see of the stream."""

    RUNNING = "running"
    IDLE = "idle"
    STARTING = "starting"
    RESTARTING = "restarting"
    STALLED = "stalled"
    WAITING_FOR_RESOURCES = "waiting for resources"
    STOPPED_ON_PURPOSE = "stopped on purpose"
    STOPPING = "stopping"
    TWO_DRIVERS = "two drivers"
    CLUSTER_UNREACHABLE = "cluster unreachable"


class Action(StrEnum):
    """What the supervisor does about it."""

    KEEP = "keep"
    WAIT = "wait"
    START = "start"
    ASK_FOR_HELP = "ask for help"


@dataclass(frozen=True)
class Progress:
    """What the driver last said of itself."""

    application_id: str
    heartbeat_at: datetime
    input_rows: int


@dataclass(frozen=True)
class World:
    """Everything that a decision depends on, read at one moment.

    Attributes:
        now: the moment.
        wanted: `running` or `stopped`.
        changed_by: who wanted it so.
        cluster: None when the master gives no answer.
        progress: None before the first batch ever.
        start_under_way: a start_stream run is queued or runs.
        started_at: when a start was last decided.
    """

    now: datetime
    wanted: str
    changed_by: str
    cluster: Cluster | None
    progress: Progress | None = None
    start_under_way: bool = False
    started_at: datetime | None = None

    @property
    def applications(self) -> tuple[Application, ...]:
        """The registered applications that are the stream, by name."""
        found = self.cluster.applications if self.cluster else ()
        return tuple(app for app in found if app.name == APPLICATION_NAME)

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """The Python drivers. The cluster is the pipeline's own, so each of them is the stream, or is becoming it."""
        return self.cluster.drivers if self.cluster else ()


@dataclass(frozen=True)
class Decision:
    """What to do, in which state the stream is, and why."""

    action: Action
    state: State
    reason: str

    @property
    def acts(self) -> bool:
        """Whether the world is to be changed."""
        return self.action is Action.START


def decide(world: World) -> Decision:
    """Decide what to do about the stream."""
    if world.cluster is None or world.cluster.status != "ALIVE":
        # A recovering master may bring the driver back by itself.
        status = f"is {world.cluster.status}" if world.cluster else "doesn't answer"
        return Decision(Action.WAIT, State.CLUSTER_UNREACHABLE, f"the Spark master {status}")
    if world.wanted == "stopped":
        return _while_stopped(world)
    if world.applications:
        return _while_registered(world, *world.applications)
    if world.drivers:
        return _while_on_its_way(world, world.drivers[0])
    return _while_absent(world)


def _while_stopped(world: World) -> Decision:
    if world.applications or world.drivers:
        return Decision(Action.WAIT, State.STOPPING, f"{world.changed_by} wants it stopped; its driver is still there")
    return Decision(Action.KEEP, State.STOPPED_ON_PURPOSE, f"{world.changed_by} wants it stopped")


def _while_registered(world: World, application: Application, *surplus: Application) -> Decision:
    if surplus:
        names = " and ".join(app.id for app in (application, *surplus))
        return Decision(
            Action.ASK_FOR_HELP, State.TWO_DRIVERS, f"{names} run at once; the lease lets one of them write"
        )
    progress = world.progress
    if application.state == "WAITING" or not application.cores:
        return Decision(Action.WAIT, State.WAITING_FOR_RESOURCES, f"{application.id} has no executor yet")
    if progress is None or progress.application_id != application.id:
        return Decision(Action.WAIT, State.STARTING, f"{application.id} has not finished its first batch")
    age = world.now - progress.heartbeat_at
    if age > HEARTBEAT_IS_FRESH:
        return Decision(Action.WAIT, State.STALLED, f"{application.id} has been silent for {age.total_seconds():.0f} s")
    if progress.input_rows == 0:
        return Decision(Action.KEEP, State.IDLE, f"{application.id} waits for input")
    return Decision(Action.KEEP, State.RUNNING, f"{application.id} runs")


def _while_on_its_way(world: World, driver: Driver) -> Decision:
    progress, started = world.progress, world.started_at
    ran_since_start = progress is not None and (started is None or progress.heartbeat_at > started)
    if driver.state == "RELAUNCHING" or ran_since_start:
        return Decision(Action.WAIT, State.RESTARTING, f"the master starts {driver.id} again")
    if driver.worker is None:
        return Decision(Action.WAIT, State.WAITING_FOR_RESOURCES, f"no worker has room for {driver.id}")
    return Decision(Action.WAIT, State.STARTING, f"{driver.id} has not registered its application")


def _while_absent(world: World) -> Decision:
    if world.start_under_way:
        return Decision(Action.WAIT, State.STARTING, "a start_stream run is under way")
    if world.started_at is not None and world.now - world.started_at < START_AGAIN_AFTER:
        return Decision(
            Action.WAIT, State.STARTING, f"started at {world.started_at:%H:%M:%S}; the cluster shows no driver"
        )
    if world.cluster is not None and world.cluster.workers_alive == 0:
        return Decision(Action.WAIT, State.WAITING_FOR_RESOURCES, "no Spark worker is alive")
    return Decision(
        Action.START, State.STARTING, "it is wanted, and the cluster has neither its driver nor its application"
    )
