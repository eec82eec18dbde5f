"""What people and sensors can start: `dagster job launch -w workspace.yaml -j NAME`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from dagster import (
    AssetSelection,
    Failure,
    OpExecutionContext,
    ResourceParam,
    define_asset_job,
    in_process_executor,
    job,
    op,
)

from pipeline_defs import history, provision, stream
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster

DECISION_TAG = "pipeline/decision"


# Jobs that start or stop the stream run one at a time: dagster.yaml limits this tag to one run.
_ALONE = {"pipeline/stream": "users_stream"}


def _limits(seconds: int) -> Mapping[str, str]:
    """Tags that end a run which hangs, and that forbid a second try."""
    return {"dagster/max_runtime": str(seconds), "dagster/max_retries": "0"}


@contextmanager
def _clear_failure() -> Iterator[None]:
    try:
        yield
    except PipelineError as error:
        raise Failure(str(error), allow_retries=False) from error


@op(
    name="make_tables_and_topic",
    description="Creates or upgrades the tables and the topic; changes nothing where all is well.",
)
def _make_tables_and_topic(context: OpExecutionContext, settings: ResourceParam[Settings]) -> None:
    with _clear_failure():
        for line in (*provision.schema(settings.database_url), provision.topic(settings)):
            context.log.info(line)


@op(name="submit_stream", description="Submits the stream to the Spark master, unless it is on the cluster already.")
def _submit_stream(
    context: OpExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    spark_master: ResourceParam[SparkMaster],
) -> None:
    decision = context.run.tags.get(DECISION_TAG)
    # The supervisor starts what is wanted; only people change what is wanted.
    wanted_by = None if decision else f"start_stream run {context.run_id}"
    outcome = "failed"
    try:
        with _clear_failure():
            outcome = stream.start(database, spark_master, settings, wanted_by)
    except Failure as failure:
        outcome = f"failed: {failure.description}"
        raise
    finally:
        if decision:
            database.run("decisions_finish", id=int(decision), run_id=context.run_id, outcome=outcome)
    context.log.info(outcome)
    context.add_output_metadata({"outcome": outcome, "code_version": stream.code_version()})


@op(
    name="end_stream",
    description="Wants the stream stopped, waits for it to end, and kills its driver if it does not.",
)
def _end_stream(
    context: OpExecutionContext, database: ResourceParam[Database], spark_master: ResourceParam[SparkMaster]
) -> None:
    with _clear_failure():
        outcome = stream.stop(database, spark_master, f"stop_stream run {context.run_id}", stream.Patience())
    context.log.info(outcome)
    context.add_output_metadata({"outcome": outcome})


@op(
    name="delete_old_history",
    description="Deletes old runs, compute logs, ticks, events without a run, heartbeats, decisions, rejected records.",
)
def _delete_old_history(
    context: OpExecutionContext, settings: ResourceParam[Settings], database: ResourceParam[Database]
) -> None:
    now = datetime.now(UTC)
    with _clear_failure():
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
    tags=_limits(3600),
    description="Tables and topic, idempotently.",
)
def provision_job() -> None:
    """Create or upgrade the tables and the topic."""
    _make_tables_and_topic()


@job(
    executor_def=in_process_executor,
    tags={**_limits(120), **_ALONE},
    description="The stream is wanted running, and is started.",
)
def start_stream() -> None:
    """Want the stream running and start it."""
    _submit_stream()


@job(
    executor_def=in_process_executor,
    tags={**_limits(240), **_ALONE},
    description="The stream is wanted stopped, and is stopped.",
)
def stop_stream() -> None:
    """Want the stream stopped and stop it."""
    _end_stream()


@job(
    executor_def=in_process_executor,
    tags=_limits(3600),
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
    tags=_limits(240),
    description="One tick: people from the API to Kafka, for a slot, or at once when launched by hand.",
)

check_users = define_asset_job(
    "check_users",
    selection=AssetSelection.all_asset_checks(),
    executor_def=in_process_executor,
    tags=_limits(120),
    description="Runs every asset check now.",
)

JOBS = [provision_job, produce_random_users, start_stream, stop_stream, check_users, prune_history]
