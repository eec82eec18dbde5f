"""Reads everything that a decision about the stream depends on. Every call has a time limit."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from dagster import DagsterInstance, RunsFilter

from pipeline_defs import ledger
from pipeline_defs.database import Database, Row, Session
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.run_states import UNFINISHED
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster, SparkMaster, SparkMasterError
from pipeline_defs.stream import code_version
from pipeline_defs.stream_jobs import ALONE, DECISION_TAG
from pipeline_defs.supervision.books import Entry
from pipeline_defs.supervision.driver_error import DriverError
from pipeline_defs.supervision.memory import Memory
from pipeline_defs.supervision.starts import DriverStart, OwnStart
from pipeline_defs.supervision.states import Action, State
from pipeline_defs.supervision.world import Backlog, Progress, Wanted, World


class NotProvisionedError(PipelineError):
    """A row that `provision` makes is missing."""


@dataclass(frozen=True)
class Seen:
    """One look.

    Attributes:
        world: what the decision depends on.
        progress: the driver's newest row of stream_progress, for people; None before the first.
        error: the newest of a driver, if no later one has moved the ledger.
        restarts: how often the stream started again since somebody asked for it.
        entries: the newest rows of `decisions`, newest first.
        run_at_work: a run that starts or stops the stream is queued or at work.
        ended_runs: how the runs of open rows ended, by the row's id.
        memory: what is to be kept of this look.
    """

    world: World
    progress: Row | None
    error: DriverError | None
    restarts: int
    entries: Sequence[Entry]
    run_at_work: str | None
    ended_runs: Mapping[int, str]
    memory: Memory


def look(  # noqa: PLR0913 - all that is looked at
    instance: DagsterInstance,
    database: Database,
    topic: Topic,
    master: SparkMaster,
    *,
    settings: Settings,
    memory: Memory,
) -> Seen:
    """Look at everything once.

    Runs are read before the tables and the cluster: what a run that ends in between has done is seen by then.

    Raises:
        DatabaseError: PostgreSQL doesn't answer, so what is wanted is unknown.
        NotProvisionedError: the tables are empty.
    """
    at_work = instance.get_runs(RunsFilter(tags=dict(ALONE), statuses=UNFINISHED), limit=1)
    cluster = _cluster(master)
    with database.session() as session:
        wanted, now = _wanted(session, settings)
        since = now - settings.supervisor_limits.window
        starts = [DriverStart(**row) for row in session.run("driver_starts_since", since=since)]
        own = [OwnStart(row["decided_at"], row["subject"]) for row in session.run("decisions_starts", since=since)]
        entries = [_entry(row) for row in session.run("decisions_recent")]
        started = session.run("driver_starts_count", since=wanted.asked_at)[0]["starts"]
        progress = _progress(session, cluster)
        error = last_error(session)
        lines = session.run("ledger_read", topic=topic.name)
    lag = _lag(topic, lines)
    kept = memory.after(now, this_process(), ledger.totals(lines).consumed, lag)
    world = World(
        now=now,
        wanted=wanted,
        cluster=cluster,
        progress=Progress(progress["application_id"], progress["heartbeat_at"]) if progress else None,
        backlog=_backlog(kept, lag, lines),
        starts=starts,
        own_starts=own,
        states=[(entry.state, entry.decided_at) for entry in entries],
        first_look=memory.supervisor != this_process(),
        limits=settings.supervisor_limits,
    )
    return Seen(
        world=world,
        progress=progress,
        error=error,
        restarts=max(0, started - 1),
        entries=entries,
        run_at_work=at_work[0].run_id if at_work else None,
        ended_runs={} if at_work else _ended_runs(instance, entries),
        memory=kept,
    )


def last_error(session: Session) -> DriverError | None:
    """Return the newest error of a driver; None where there is none, or a later one has moved the ledger.

    Raises:
        DatabaseError: PostgreSQL doesn't answer.
    """
    return next((DriverError(**row) for row in session.run("driver_starts_last_error")), None)


@cache
def this_process() -> str:
    """Name this process of Dagster, so that a later one knows that it looks for the first time."""
    return uuid.uuid4().hex


def _wanted(session: Session, settings: Settings) -> tuple[Wanted, datetime]:
    """Give what is wanted, and the time by PostgreSQL's clock: the moments in its tables are compared with it."""
    rows = session.run("stream_state_read")
    if not rows:
        raise NotProvisionedError("Table stream_state has no row. Run the job provision.")
    [row] = rows
    wanted = Wanted(
        running=row["wanted"] == "running",
        changed_by=row["changed_by"],
        asked_at=row["asked_at"],
        gave_up_at=row["gave_up_at"],
        code_version=code_version(settings),
    )
    return wanted, row["now"]


def _progress(session: Session, cluster: Cluster | None) -> Row | None:
    """Give the newest word of an application that the master has; of any, where none of these has told of itself."""
    applications = [app.id for app in cluster.applications] if cluster else []
    found = session.run("stream_progress_of", applications=applications) or session.run("stream_progress_latest")
    return found[0] if found else None


def _entry(row: Row) -> Entry:
    state, action = State(row["state"]), Action(row["action"])
    return Entry(row["id"], row["decided_at"], state, action, row["outcome"], row["subject"])


def _ended_runs(instance: DagsterInstance, entries: Sequence[Entry]) -> dict[int, str]:
    """Ask how the runs of open rows ended. None of them is at work: such a run would have been seen."""
    ended = {}
    for entry in entries:
        if entry.outcome is None:
            runs = instance.get_runs(RunsFilter(tags={DECISION_TAG: str(entry.id)}), limit=1)
            if runs and runs[0].status not in UNFINISHED:
                ended[entry.id] = f"run {runs[0].run_id}, {runs[0].status.value}"
    return ended


def _lag(topic: Topic, lines: list[Row]) -> dict[int, int] | None:
    try:
        return ledger.lag(lines, topic.describe().topic_id, topic.end_offsets())
    except TopicError:
        return None


def _backlog(kept: Memory, lag: Mapping[int, int] | None, lines: Sequence[Row]) -> Backlog:
    return kept.backlog(lag, max((row["updated_at"] for row in lines if row["next_offset"]), default=None))


def _cluster(master: SparkMaster) -> Cluster | None:
    try:
        return master.cluster()
    except SparkMasterError:
        return None
