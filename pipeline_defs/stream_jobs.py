"""The jobs that start and stop the stream: those of people, and the one that carries out the supervisor's decisions."""

from dagster import Failure, OpExecutionContext, ResourceParam, in_process_executor, job, op

from pipeline_defs import stream
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.jobs_common import clear_failure, limits
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster
from pipeline_defs.stream import Done

DECISION_TAG = "pipeline/decision"

# Jobs that start or stop the stream run one at a time: dagster.yaml limits this tag to one run.
ALONE = {"pipeline/stream": "users_stream"}


def _told(context: OpExecutionContext, done: Done) -> None:
    context.log.info(done.what)
    context.add_output_metadata({"outcome": done.what})


@op(name="submit_stream", description="Submits the stream to the Spark master, unless it is on the cluster already.")
def _submit_stream(
    context: OpExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    spark_master: ResourceParam[SparkMaster],
) -> None:
    with clear_failure():
        stream.want(database, settings, f"start_stream run {context.run_id}")
        _told(context, stream.start(database, spark_master, settings))


@op(name="renew_stream", description="Ends the stream's driver after its batch, by force after a limit; submits anew.")
def _renew_stream(
    context: OpExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    spark_master: ResourceParam[SparkMaster],
) -> None:
    with clear_failure():
        stream.want(database, settings, f"restart_stream run {context.run_id}")
        patience = stream.Patience(settings.supervisor_graceful_stop_seconds)
        _told(context, stream.restart(database, spark_master, settings, patience))


@op(
    name="end_stream",
    description="Wants the stream stopped, waits for it to end, and kills its driver if it does not.",
)
def _end_stream(
    context: OpExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    spark_master: ResourceParam[SparkMaster],
) -> None:
    with clear_failure():
        patience = stream.Patience(settings.supervisor_graceful_stop_seconds)
        _told(context, stream.stop(database, spark_master, f"stop_stream run {context.run_id}", patience))


@op(
    name="act",
    description="Does what the row of `decisions` says that the run's tag names, and writes what came of it.",
)
def _act(
    context: OpExecutionContext,
    settings: ResourceParam[Settings],
    database: ResourceParam[Database],
    spark_master: ResourceParam[SparkMaster],
) -> None:
    number = context.run.tags.get(DECISION_TAG, "")
    if not number.isdecimal():
        raise Failure("This job carries out decisions of stream_supervisor. Launch start_stream or restart_stream.")
    done = Done("failed")
    with clear_failure():
        try:
            patience = stream.Patience(settings.supervisor_graceful_stop_seconds)
            done = stream.carry_out(database, spark_master, settings, int(number), patience)
        except PipelineError as error:
            done = Done(f"failed: {error}")
            raise
        finally:
            database.run(
                "decisions_finish", id=int(number), run_id=context.run_id, outcome=done.what, subject=done.driver_id
            )
    _told(context, done)


@job(
    executor_def=in_process_executor,
    tags={**limits(120), **ALONE},
    description="The stream is wanted running, and is started. Closes the breaker that a crash loop opened.",
)
def start_stream() -> None:
    """Want the stream running and start it."""
    _submit_stream()


@job(
    executor_def=in_process_executor,
    tags={**limits(360), **ALONE},
    description="The stream is wanted running, and is ended and started anew: gracefully, by force after a limit.",
)
def restart_stream() -> None:
    """Want the stream running and start it anew."""
    _renew_stream()


@job(
    executor_def=in_process_executor,
    tags={**limits(240), **ALONE},
    description="The stream is wanted stopped, and is stopped: gracefully, by force after a limit.",
)
def stop_stream() -> None:
    """Want the stream stopped and stop it."""
    _end_stream()


@job(
    executor_def=in_process_executor,
    tags={**limits(360), **ALONE},
    description="Carries out one decision of stream_supervisor, which requests it. Not for people.",
)
def carry_out_decision() -> None:
    """Carry out a row of `decisions`."""
    _act()


STREAM_JOBS = [start_stream, restart_stream, stop_stream, carry_out_decision]
