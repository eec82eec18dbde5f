"""Pruning of what piles up: runs with their logs, ticks, events without a run, heartbeats, decisions."""

from collections.abc import Mapping
from datetime import datetime

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from pydantic import SecretStr

from pipeline_defs.database import Database

_BATCH = 500
_ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def prune(
    instance: DagsterInstance,
    database: Database,
    storage_url: SecretStr | None,
    runs_before: datetime,
    before: datetime,
) -> Mapping[str, int]:
    """Delete what is older than the two limits and say how much of each kind.

    Args:
        instance: the Dagster instance.
        database: the pipeline's tables.
        storage_url: the PostgreSQL of Dagster's own storage; None leaves its events without a run alone.
        runs_before: runs that ended and were created before this go, with their events and compute logs.
        before: ticks, events without a run, heartbeats and decisions before this go.
    """
    return {
        "runs": prune_runs(instance, runs_before),
        "instigators_with_ticks_purged": prune_ticks(instance, before),
        "events_without_a_run": prune_events(Database(storage_url, 60), before) if storage_url else 0,
        "stream_progress_rows": len(database.run("history_prune_progress", before=before)),
        "decisions": len(database.run("history_prune_decisions", before=before)),
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
