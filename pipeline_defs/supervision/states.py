"""The words: the states of the stream that people see, and what the supervisor can do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What people see of the stream. Each has its meaning for the page that is made from it."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "State":
        """Make a state of its word and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def _missing_(cls, value: object) -> "State | None":
        # Rows of an earlier version have this word.
        return cls.STOPPED_ON_PURPOSE if value == "stopping" else None

    RUNNING = "running", "records come and are written"
    CATCHING_UP = "catching up", "it runs, with more records ahead of it than a healthy stream has"
    IDLE = "idle", "it runs, its heartbeat is fresh, and nothing comes"
    STARTING = "starting", "it was submitted, and has not told of itself yet"
    RESTARTING = "restarting", "it ran before, and is on its way again"
    STALLED = "stalled", "input waits and nothing is written, or the driver is silent"
    OUT_OF_DATE = "out of date", "it runs other code or other settings than those that Dagster has"
    TWO_DRIVERS = "two drivers", "two of it are on the cluster; the lease lets one of them write"
    WAITING_FOR_RESOURCES = "waiting for resources", "no worker has room for it"
    CLUSTER_UNREACHABLE = "cluster unreachable", "the Spark master doesn't answer, or still recovers"
    CRASH_LOOP = "crash loop", "its starts failed too often, so that it is started no more"
    STOPPED_ON_PURPOSE = "stopped on purpose", "somebody wants it stopped"


HEALTHY = frozenset({State.RUNNING, State.CATCHING_UP, State.IDLE, State.STOPPED_ON_PURPOSE})


class Action(StrEnum):
    """What the supervisor does about it."""

    KEEP = "keep"
    WAIT = "wait"
    ADOPT = "adopt"
    ASK_FOR_HELP = "ask for help"
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    STOP_SURPLUS = "stop the surplus one"
    GIVE_UP = "give up"


ACTING = frozenset({Action.START, Action.RESTART, Action.STOP, Action.STOP_SURPLUS, Action.GIVE_UP})


@dataclass(frozen=True)
class Decision:
    """What to do, in which state the stream is, and why.

    Attributes:
        action: what to do.
        state: the state of the stream.
        reason: why, for people.
        subject: the application or driver that the action is about; None where it is about none.
    """

    action: Action
    state: State
    reason: str
    subject: str | None = None

    @property
    def acts(self) -> bool:
        """Whether the world is to be changed."""
        return self.action in ACTING
