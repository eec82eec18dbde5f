"""Pruning of what piles up: runs with logs, ticks, events without a run, heartbeats, decisions, rejected records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from pydantic import SecretStr

from pipeline_defs.database import Database

_BATCH = 500
_ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


@dataclass(frozen=True)
class Limits:
    """The moments before which things go.

    Attributes:
        runs: runs that ended and were created before, with their events and compute logs.
        events: ticks, events without a run, heartbeats and decisions before.
        rejected: rejected records written before.
    """

    runs: datetime
    events: datetime
    rejected: datetime


def prune(
    instance: DagsterInstance,
    database: Database,
    storage_url: SecretStr | None,
    limits: Limits,
) -> Mapping[str, int]:
    """Delete what is older than the limits and say how much of each kind.

    Args:
        instance: the Dagster instance.
        database: the pipeline's tables.
        storage_url: the PostgreSQL of Dagster's own storage; None leaves its events without a run alone.
        limits: what goes.
    """
    return {
        "runs": prune_runs(instance, limits.runs),
        "instigators_with_ticks_purged": prune_ticks(instance, limits.events),
        "events_without_a_run": prune_events(Database(storage_url, 60), limits.events) if storage_url else 0,
        "stream_progress_rows": len(database.run("history_prune_progress", before=limits.events)),
        "decisions": len(database.run("history_prune_decisions", before=limits.events)),
        "rejected_records": prune_rejected(database, limits.rejected),
    }


def prune_runs(instance: DagsterInstance, before: datetime) -> int:
    """Delete ended runs created before a moment, with their events and their compute logs."""
    ended_long_ago = RunsFilter(statuses=_ENDED, created_before=before)
    deleted = 0
    while records := instance.get_run_records(ended_long_ago, limit=_BATCH, ascending=True):
        for record in records:
            run_id = record.dagster_run.run_id
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            instance.delete_run(run_id)
        deleted += len(records)
    return deleted


def prune_ticks(instance: DagsterInstance, before: datetime) -> int:
    """Purge the ticks of every schedule and sensor before a moment; gives how many of them there are."""
    states = instance.all_instigator_state()
    for state in states:
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())
    return len(states)


def prune_events(storage: Database, before: datetime) -> int:
    """Delete events that belong to no run, a batch at a time, so that no lock lasts."""
    deleted = 0
    while batch := len(storage.run("history_prune_events", before=before, batch=_BATCH * 10)):
        deleted += batch
    return deleted


def prune_rejected(database: Database, before: datetime) -> int:
    """Delete rejected records written before a moment, a batch at a time."""
    deleted = 0
    while batch := len(database.run("history_prune_rejected", before=before, batch=_BATCH * 10)):
        deleted += batch
    return deleted
