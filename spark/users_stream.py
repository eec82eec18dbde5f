"""The stream: Kafka → parse → PostgreSQL, from the ledger's offsets, for as long as it is wanted.

Spark's master runs it on a worker as `org.apache.spark.deploy.PythonRunner`. Exit code 0 means that nothing is to be
done (stopped, not wanted, or another driver is the stream); with any other code the master starts it again.
"""

import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg2
from py4j.protocol import Py4JNetworkError
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from spark import lease, ledger, lifeline, progress, sink
from spark.batch_writer import BatchWriter
from spark.cause import cause
from spark.copy_text import lines
from spark.database import Connection, connect, is_passing, persist
from spark.parse import parse
from spark.settings import Settings, SettingsError, database_url, settings
from spark.topic import TopicError, look

LOGGER = logging.getLogger("users_stream")
_REACH_POSTGRESQL_SECONDS = 60
_REACH_KAFKA_SECONDS = 60
_STOP_SECONDS = 15


def main() -> int:
    """Run the stream, if this driver may, until it is no longer wanted. Gives the process's exit code."""
    lifeline.end_with_parent()
    try:
        given = settings()
    except SettingsError as error:
        _record_unusable(error)
        raise
    session = _session(given)
    start_id = progress.record_start(session, _driver_id())
    try:
        refusal = lease.refusal(session, start_id)
        if refusal is not None:
            LOGGER.info(refusal)
            progress.record_end(session, start_id, "refused", refusal)
            return 0
        _run(given, session, start_id)
    except Exception as error:
        LOGGER.exception("The stream failed; Spark's master starts it again.")
        outcome, what = _blame(error)
        _record_end(given, start_id, outcome, f"{what}{cause(error)}")
        return 1
    _record_end(given, start_id, "stopped")
    return 0


def _run(given: Settings, session: Connection, start_id: int) -> None:
    """Read from where the ledger stands, write each batch, and watch over it."""
    builder = SparkSession.builder
    for key, value in _CONFIGURATION.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    code_version = spark.conf.get("spark.pipeline.codeVersion", None)
    progress.describe_start(session, start_id, spark.sparkContext.applicationId, code_version)
    topic = look(given.bootstrap_servers, given.topic, _REACH_KAFKA_SECONDS)
    with_ledger = _session(given, autocommit=False)
    try:
        started = ledger.settle(with_ledger, topic, given.starting_offsets)
        LOGGER.info("The ledger of %s says: %s", topic.name, started)
        checkpoint = _fresh_checkpoint(given.checkpoint_root, start_id)
        written = spark.sparkContext.accumulator(frozenset(), sink.Partitions())
        writer = BatchWriter(given.topic, started, checkpoint, with_ledger, written)
        records = (
            spark.readStream.format("kafka")
            .options(**given.source_options)
            .option("startingOffsets", json.dumps({topic.name: {str(p): o for p, o in started.start.items()}}))
            .option("includeHeaders", "true")
            # What Kafka no longer has ends the query. The next start writes it into the ledger as skipped, which is
            # the one place where that is done.
            .option("failOnDataLoss", "true")
            .load()
        )
        query = (
            lines(parse(records))
            .writeStream.foreachBatch(writer.write)
            .option("checkpointLocation", str(checkpoint))
            .trigger(processingTime=f"{given.trigger_seconds} seconds")
            .queryName("users_stream")
            .start()
        )
        reporter = progress.Reporter(session, spark.sparkContext.applicationId)
        _watch(query, writer, session, reporter, start_id)
    finally:
        _within(_STOP_SECONDS, spark.stop)
        with_ledger.close()


def _watch(
    query: StreamingQuery, writer: BatchWriter, session: Connection, reporter: progress.Reporter, start_id: int
) -> None:
    """Hold the lease and report, through the JVM, until the stream is no longer wanted.

    A frozen JVM stops this loop as a frozen process does: the lease is not renewed, and PostgreSQL gives it back.
    """
    while not query.awaitTermination(1):
        lease.renew(session, lease.WHILE_RUNNING)
        if reporter.report(query):
            writer.compare_with_ledger()
        if not lease.is_wanted(session, start_id):
            # The last batch may take longer than the lease of a running driver lasts.
            lease.renew(session, lease.WHILE_STARTING)
            writer.finish()
            query.stop()
            return
    raise RuntimeError("The streaming query ended by itself.")


def _fresh_checkpoint(root: Path, start_id: int) -> Path:
    """Give a checkpoint folder that is new, and remove older ones: what they know, the ledger knows better."""
    for old in root.glob("start-*"):
        shutil.rmtree(old, ignore_errors=True)
    return root / f"start-{start_id}"


def _session(given: Settings, *, autocommit: bool = True) -> Connection:
    open_session = partial(connect, given.database_url, "users_stream driver", statement_seconds=10)
    session = persist(open_session, _REACH_POSTGRESQL_SECONDS)
    session.autocommit = autocommit
    return session


def _driver_id() -> str | None:
    # A worker runs each driver in a folder that has the driver's id for a name.
    folder = Path.cwd().name
    return folder if folder.startswith("driver-") else None


def _blame(error: Exception) -> tuple[str, str]:
    """Say whether the driver failed by itself or lost what it stands on, and what that was."""
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return "lost", "The driver's JVM ended. "
    if isinstance(error, TopicError):
        return "lost", ""
    if isinstance(error, psycopg2.Error) and is_passing(error):
        return "lost", "The driver's session of PostgreSQL ended. "
    return "failed", ""


def _record_end(given: Settings, start_id: int, outcome: str, last_error: str | None = None) -> None:
    """Write how the driver ended, on a connection of its own: the lease's session may be what failed."""
    try:
        session = connect(given.database_url, "users_stream driver", statement_seconds=5)
    except Exception:
        LOGGER.exception("The driver's end can't be recorded.")
        return
    session.autocommit = True
    try:
        progress.record_end(session, start_id, outcome, last_error)
    except Exception:
        LOGGER.exception("The driver's end can't be recorded.")
    finally:
        session.close()


def _record_unusable(error: SettingsError) -> None:
    """Write that this driver's settings can't be used: without that row the loop of its restarts would not be seen."""
    try:
        session = connect(database_url(), "users_stream driver", statement_seconds=5)
        session.autocommit = True
        start_id = progress.record_start(session, _driver_id())
        progress.record_end(session, start_id, "failed", f"The settings can't be used. {error}")
        session.close()
    except Exception:
        LOGGER.exception("That the settings can't be used can't be recorded.")


def _within(seconds: float, work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


_CONFIGURATION = {
    # parse.py and copy_text.py write timestamps in UTC.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.streaming.numRecentProgressUpdates": "20",
    "spark.sql.streaming.minBatchesToRetain": "2",
    "spark.sql.streaming.kafka.useDeprecatedOffsetFetching": "false",
}

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        code = main()
    except Exception:
        LOGGER.exception("The driver could not begin.")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    # Threads that wait for the JVM must not keep the process.
    os._exit(code)
