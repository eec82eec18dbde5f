"""What people and sensors can start: `dagster job launch -w workspace.yaml -j NAME`."""

from datetime import UTC, datetime, timedelta

from dagster import (
    AssetSelection,
    OpExecutionContext,
    ResourceParam,
    define_asset_job,
    in_process_executor,
    job,
    op,
)

from pipeline_defs import history, provision
from pipeline_defs.database import Database
from pipeline_defs.jobs_common import clear_failure, limits
from pipeline_defs.replay_jobs import REPLAY_JOBS
from pipeline_defs.settings import Settings
from pipeline_defs.stream_jobs import STREAM_JOBS


@op(
    name="make_tables_and_topic",
    description="Creates or upgrades the tables and the topic; changes nothing where all is well.",
)
def _make_tables_and_topic(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
    with clear_failure():
        # Each line as it comes: how long an upgrade takes is said before it begins.
        for line in provision.schema(settings.database_url, settings.database_admin_url):
            context.log.info(line)
        context.log.info(provision.topic(settings))


@op(
    name="delete_old_history",
    description="Deletes old runs, compute logs, ticks, events without a run, heartbeats, decisions, rejected records.",
)
def _delete_old_history(
    context: OpExecutionContext, settings: ResourceParam[Settings], database: ResourceParam[Database]
) -> None:
    now = datetime.now(UTC)
    with clear_failure():
        deleted = history.prune(
            context.instance,
            database,
            settings.dagster_postgres_url,
            history.Limits(
                runs=now - timedelta(hours=settings.run_retention_hours),
                events=now - timedelta(hours=settings.event_retention_hours),
                rejected=now - timedelta(hours=settings.rejected_retention_hours),
            ),
        )
    context.add_output_metadata(dict(deleted))


@job(
    name="provision",
    executor_def=in_process_executor,
    # To upgrade a table with millions of rows from before takes minutes; all else takes a second.
    tags=limits(3600),
    description="Tables and topic, idempotently.",
)
def provision_job() -> None:
    """Create or upgrade the tables and the topic."""
    _make_tables_and_topic()


@job(
    executor_def=in_process_executor,
    tags=limits(3600),
    description="Prunes what piles up; how much is in its metadata.",
)
def prune_history() -> None:
    """Prune history."""
    _delete_old_history()


produce_random_users = define_asset_job(
    "produce_random_users",
    selection=AssetSelection.assets("random_user_topic").without_checks(),
    executor_def=in_process_executor,
    # A run waits at most 90 s for its slot, and then has 30 s of work.
    tags=limits(240),
    description="One tick: people from the API to Kafka, for a slot, or at once when launched by hand.",
)

check_users = define_asset_job(
    "check_users",
    selection=AssetSelection.all_asset_checks(),
    executor_def=in_process_executor,
    tags=limits(120),
    description="Runs every asset check now.",
)

JOBS = [provision_job, produce_random_users, *STREAM_JOBS, *REPLAY_JOBS, check_users, prune_history]
