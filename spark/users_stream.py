"""The stream: Kafka → people → PostgreSQL, from the ledger's offsets, for as long as it is wanted.

Spark's master runs it on a worker as `org.apache.spark.deploy.PythonRunner`. Exit code 0 means that it is not wanted;
with any other code the master starts it again.
"""

import json
import logging
import shutil
from functools import partial
from pathlib import Path

import psycopg2
from py4j.protocol import Py4JNetworkError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from contract.contract import Contract
from contract.person import PERSON
from contract.refusals import Refusals, TableFault
from spark import driver_state, ledger, process
from spark.batch_writer import BatchWriter
from spark.driver_state import Lease, LeaseHeldError, Session
from spark.isolation import TaskDiedError
from spark.ledger import LedgerError
from spark.settings import Settings, SettingsError, database_url, settings
from spark.sink import Batch, TaskError
from spark.topic import TopicError, look
from sql.connection import is_transient

LOGGER = logging.getLogger("users_stream")
_REACH_KAFKA_SECONDS = 60
_STOP_SECONDS = 15
_OWN_ERRORS = (LeaseHeldError, LedgerError, TableFault, TaskDiedError, TaskError, TopicError)
_NOT_WANTED = (
    "The stream is not wanted: stream_state says stopped, or that its starts failed too often. The job start_stream "
    "changes that."
)


def main(contract: Contract = PERSON) -> int:
    """Run the stream, if this driver may, until it is no longer wanted. Return the process's exit code."""
    try:
        configuration = settings()
    except SettingsError as error:
        _record_bad_settings(error)
        raise
    session = Session(configuration.database_url)
    start_id = driver_state.record_start(session, _driver_id())
    lease = Lease(session, start_id)
    try:
        if not lease.is_wanted():
            LOGGER.info(_NOT_WANTED)
            driver_state.record_end(session, start_id, "refused", _NOT_WANTED)
            return 0
        lease.acquire()
        _run(contract, configuration, session, lease, start_id)
    except Exception as error:
        LOGGER.exception("The driver ends; Spark's master starts it again, if it is wanted.")
        _record_end(configuration, start_id, *_classify_failure(error))
        return 1
    _record_end(configuration, start_id, "stopped")
    return 0


def _run(contract: Contract, configuration: Settings, session: Session, lease: Lease, start_id: int) -> None:
    """Read from where the ledger stands, write each batch, and watch over it."""
    builder = SparkSession.builder
    for key, value in _SPARK_CONFIGURATION.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    code_version = spark.conf.get("spark.pipeline.codeVersion", None)
    driver_state.describe_start(session, start_id, spark.sparkContext.applicationId, code_version)
    LOGGER.info("Spark is up: %s, code version %s.", spark.sparkContext.applicationId, code_version)
    ledger_session = Session(configuration.database_url)
    try:
        ask = partial(look, configuration.bootstrap_servers, configuration.topic, _REACH_KAFKA_SECONDS)
        started = ledger.settle(ledger_session, ask, configuration.starting_offsets)
        LOGGER.info("The ledger of %s says: %s", configuration.topic, started)
        refusals = Refusals(contract.table, ledger.recent_refusals(ledger_session, contract.table))
        checkpoint = _fresh_checkpoint(configuration.checkpoint_root, start_id)
        stream = Batch(contract, configuration.topic, started.topic_id, start_id)
        writer = BatchWriter(stream, started.start, checkpoint, ledger_session, refusals)
        query = _start_query(spark, configuration, started, writer, checkpoint)
        LOGGER.info("The query has started.")
        reporter = driver_state.Reporter(session, spark.sparkContext.applicationId)
        try:
            _watch(spark, query, writer, lease, reporter)
        except StreamingQueryException as error:
            raise writer.failure or error from error
    finally:
        process.within(_STOP_SECONDS, spark.stop)
        ledger_session.close()


def _start_query(
    spark: SparkSession, configuration: Settings, started: ledger.Plan, writer: BatchWriter, checkpoint: Path
) -> StreamingQuery:
    start = {configuration.topic: {str(partition): offset for partition, offset in started.start.items()}}
    records = (
        spark.readStream.format("kafka")
        .options(**configuration.source_options)
        .option("startingOffsets", json.dumps(start))
        # What Kafka no longer has ends the query. The next start writes it into the ledger as skipped, which is the
        # one place where that is done.
        .option("failOnDataLoss", "true")
        .load()
    )
    return (
        records.writeStream.foreachBatch(writer.write)
        .option("checkpointLocation", str(checkpoint))
        .trigger(processingTime=f"{configuration.trigger_seconds} seconds")
        .queryName("users_stream")
        .start()
    )


def _watch(
    spark: SparkSession, query: StreamingQuery, writer: BatchWriter, lease: Lease, reporter: driver_state.Reporter
) -> None:
    """Hold the lease and report, through the JVM, until the stream is no longer wanted.

    A frozen JVM stops this loop as a frozen process does: the lease is not renewed, and PostgreSQL gives it back.
    """
    while not query.awaitTermination(1):
        lease.renew(driver_state.WHILE_RUNNING)
        if reporter.report(query, writer.records):
            writer.compare_with_ledger()
            if lease.end_stuck_tasks():
                # Their processes may stand still for good: Spark kills them, and the batch is written again.
                LOGGER.warning("A task stood still in its transaction. The batch is written again.")
                spark.sparkContext.cancelAllJobs()
        if not lease.is_wanted():
            # The last batch may take longer than the lease of a running driver lasts.
            lease.renew(driver_state.WHILE_STARTING)
            writer.finish()
            query.stop()
            return
    raise RuntimeError("The streaming query ended by itself.")


def _fresh_checkpoint(root: Path, start_id: int) -> Path:
    """Return a checkpoint folder that is new, and remove older ones: what they know, the ledger knows better."""
    for old in root.glob("start-*"):
        shutil.rmtree(old, ignore_errors=True)
    return root / f"start-{start_id}"


def _driver_id() -> str | None:
    # A worker runs each driver in a folder that has the driver's id for a name.
    folder = Path.cwd().name
    return folder if folder.startswith("driver-") else None


def _classify_failure(error: Exception) -> tuple[str, str]:
    """Return how the driver ended: refused, lost with what it stands on, or failed by itself; and what it was."""
    summary = str(error) if isinstance(error, _OWN_ERRORS) else process.summarize_error(error)
    if isinstance(error, LeaseHeldError):
        return "refused", summary
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return "lost", f"The driver's JVM ended. {summary}"
    if isinstance(error, TopicError):
        return "lost", summary
    if isinstance(error, psycopg2.Error) and is_transient(error):
        is_away = error.pgcode is None or error.pgcode.startswith(("08", "57P"))
        trouble = "was away for longer than a minute" if is_away else "could not do it for longer than a minute"
        return "lost", f"PostgreSQL {trouble}. {summary}"
    return "failed", summary


def _record_end(configuration: Settings, start_id: int, outcome: str, last_error: str | None = None) -> None:
    """Write how the driver ended, in a session of its own: the lease's may be what failed."""
    session = Session(configuration.database_url, statement_seconds=5)
    try:
        driver_state.record_end(session, start_id, outcome, last_error)
    except psycopg2.Error:
        LOGGER.exception("The driver's end can't be recorded.")
    finally:
        session.close()


def _record_bad_settings(error: SettingsError) -> None:
    """Write that this driver's settings can't be used: without that row the loop of its restarts would not be seen."""
    try:
        session = Session(database_url(), statement_seconds=5)
        start_id = driver_state.record_start(session, _driver_id())
        driver_state.record_end(session, start_id, "failed", f"The settings can't be used. {error}")
        session.close()
    except (SettingsError, psycopg2.Error):
        LOGGER.exception("That the settings can't be used can't be recorded.")


_SPARK_CONFIGURATION = {
    # A Kafka partition's task goes to any free core at once. To wait for the executor that read it last would put two
    # partitions on one core while another idles.
    "spark.locality.wait": "0s",
    # The driver itself writes a batch again whose tasks died, and then in smaller parts.
    "spark.task.maxFailures": "1",
    "spark.sql.streaming.numRecentProgressUpdates": "20",
    # How long to wait where there is nothing new, before Kafka is asked again: 10 ms would cost a tenth of a core.
    "spark.sql.streaming.pollingDelay": "100ms",
    "spark.sql.streaming.minBatchesToRetain": "2",
    "spark.sql.streaming.kafka.useDeprecatedOffsetFetching": "false",
}

if __name__ == "__main__":
    process.run(main)
