"""The query's batches → PostgreSQL: a task for each Kafka partition, and a watch over the ledger."""

import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from contract.refusals import Refusals
from spark import driver_state, ledger, sink
from spark.driver_state import Session
from spark.isolation import Isolation, TaskDiedError
from spark.process import summarize_error
from sql.connection import Cursor

LOGGER = logging.getLogger(__name__)
_OFFSET_LOG_VERSION = "v1"
_EXITED = re.compile(r"exited with code (\d+)")
_OUT_OF_MEMORY = 52
_BATCHES_REMEMBERED = 100


class BatchWriter:
    """Writes batches from where a driver's start found the ledger.

    Args:
        stream: what all batches have in common.
        next_offsets: where the ledger stands, by partition.
        checkpoint: the folder in which Spark writes down each batch's offsets.
        session: of the driver, for the ledger.
        refusals: what the table refused lately.
    """

    def __init__(
        self,
        stream: sink.Batch,
        next_offsets: Mapping[int, int],
        checkpoint: Path,
        session: Session,
        refusals: Refusals,
    ) -> None:
        self._stream = stream
        self._topic = stream.topic
        self._next_offsets = dict(next_offsets)
        self._checkpoint = checkpoint
        self._session = session
        self._refusals = refusals
        self._one_batch = threading.Lock()
        self._finished = False
        # What ended the query, as it was: Spark carries on its words alone.
        self.failure: Exception | None = None
        # How many records each batch had: Spark, which reads none of them, can't know.
        self.records: dict[int, int] = {}

    def write(self, records: DataFrame, batch_id: int) -> None:
        """Write one batch, whose offsets Spark has chosen; each task reads its records by itself.

        After finish() nothing is written: the ledger, not Spark, knows where to go on.

        Raises:
            LedgerError: the ledger does not go on from where this driver left it.
            TaskDiedError: task after task died, whatever they read.
            TableFault, TopicError, psycopg2.Error: what tasks met.
        """
        with self._one_batch:
            try:
                self._write_batch(records.sparkSession.sparkContext, batch_id)
            except Exception as error:
                self.failure = error
                raise

    def compare_with_ledger(self) -> None:
        """Compare, between two batches, where the ledger stands with where they left it; beyond is as good.

        Raises:
            LedgerError: it fell back, as it does when a backup is restored. What is missing may be in a partition to
                which nothing comes, so it is not left to the next batch to find out.
        """
        if not self._one_batch.acquire(blocking=False):
            return
        try:
            self._expect(self._next_offsets)
        finally:
            self._one_batch.release()

    def finish(self) -> None:
        """Wait until the batch under way is written, and let no other begin."""
        self._finished = True
        with self._one_batch:
            pass

    def _write_batch(self, context: SparkContext, batch_id: int) -> None:
        if self._finished:
            return
        ends = end_offsets(self._checkpoint, self._topic, batch_id)
        self._open(ends)
        ranges = {p: (self._next_offsets.get(p, 0), end) for p, end in sorted(ends.items())}
        batch = self._batch({p: (start, end) for p, (start, end) in ranges.items() if end > start})
        self.records.pop(batch_id - _BATCHES_REMEMBERED, None)
        try:
            self.records[batch_id] = self._write(context, batch)
        except TaskDiedError as death:
            self.records[batch_id] = self._get_past(death, context, batch)
        if not self._finished:
            self._next_offsets.update(ends)

    def _batch(self, ranges: Mapping[int, tuple[int, int]]) -> sink.Batch:
        return replace(self._stream, ranges=ranges, refusals=self._refusals.last)

    def _key(self, partition: int) -> ledger.LedgerKey:
        return ledger.LedgerKey(self._topic, self._stream.topic_id, partition)

    def _open(self, ends: Mapping[int, int]) -> None:
        """Open partitions that were added while the stream runs: Spark begins them at 0 by itself."""
        for key in map(self._key, ends.keys() - self._next_offsets.keys()):
            self._session.run(lambda cursor, key=key: ledger.open_partition(cursor, key, 0))

    def _get_past(self, death: TaskDiedError, context: SparkContext, batch: sink.Batch) -> int:
        """Write a batch whose tasks died once more, as a machine may have gone; then in ever smaller ranges.

        Return how many offsets it had: how many of them are records, no single task knows.
        """
        self._tell(f"A batch is tried again, since {death}. Its offsets: {_shown(batch.ranges)}.")
        try:
            self._write(context, batch)
        except TaskDiedError as second:
            self._tell(f"A batch is made smaller, since {second} twice. Its offsets: {_shown(batch.ranges)}.")
            self._isolate(context, batch)
        driver_state.record_trouble(self._session, self._stream.start_id, None)
        return sum(end - start for start, end in batch.ranges.values())

    def _tell(self, trouble: str) -> None:
        LOGGER.warning(trouble)
        driver_state.record_trouble(self._session, self._stream.start_id, trouble)

    def _write(self, context: SparkContext, batch: sink.Batch) -> int:
        """Write a batch, a task for each partition, and return how many records it had.

        Raises:
            TaskDiedError: a task ended without a word.
        """
        if not batch.ranges:
            return 0
        tasks = context.parallelize(sorted(batch.ranges), len(batch.ranges))
        try:
            results = tasks.mapPartitions(partial(sink.read_and_write, batch=batch)).collect()
        except (Py4JJavaError, PySparkException) as error:
            raise TaskDiedError(died_of(error)) from error
        for result in results:
            if isinstance(result, Exception):
                raise result
        written = [result for result in results if isinstance(result, sink.Written)]
        # A task may have committed, and a backup been restored since.
        self._expect({p: end for p, (_, end) in batch.ranges.items()})
        for result in written:
            self._refusals.carry_on(result.outcomes)
        return sum(result.records for result in written)

    def _expect(self, offsets: Mapping[int, int]) -> Mapping[int, int]:
        """Return where the ledger stands, which must be these offsets or beyond."""
        now = self._session.run(lambda cursor: ledger.next_offsets(cursor, self._topic, self._stream.topic_id))
        fallen = {p: now.get(p) for p, offset in offsets.items() if now.get(p, -1) < offset}
        if fallen:
            raise ledger.LedgerError(
                f"The ledger fell back to {fallen} (it stood at {offsets}): PostgreSQL was restored or the ledger "
                "changed. A new start of the driver goes on from the ledger."
            )
        return now

    def _isolate(self, context: SparkContext, batch: sink.Batch) -> None:
        """Write a batch that ended its tasks in ever smaller ranges."""
        for partition, (_, end) in sorted(batch.ranges.items()):
            Isolation(
                partition=partition,
                next_offset=lambda partition=partition: self._expect({})[partition],
                attempt=partial(self._attempt, context, partition),
                set_aside=partial(self._set_aside, partition),
                is_wanted=lambda: not self._finished,
            ).write_up_to(end)

    def _attempt(self, context: SparkContext, partition: int, start: int, end: int) -> None:
        self._write(context, self._batch({partition: (start, end)}))

    def _set_aside(self, partition: int, offset: int, death: str) -> None:
        """Write a record as `unprocessable`."""
        key = self._key(partition)
        record = next(sink.read_records(self._batch({partition: (offset, offset + 1)}), partition), None)
        if record is None:
            raise TaskDiedError(f"Partition {partition}, offset {offset}: no record is there to blame, but {death}.")
        rejection = sink.unprocessable(record.value or b"", f"the task that read it ended: {death}")
        LOGGER.warning("Partition %s, offset %s is set aside: %s", partition, offset, rejection.detail)

        def reject(cursor: Cursor) -> None:
            if ledger.lock(cursor, key) == offset:
                sink.reject(cursor, key, [record], {offset: rejection})
                ledger.advance(cursor, key, ledger.Totals(offset + 1, records=1, rejected=1))

        self._session.run(reject)


def end_offsets(checkpoint: Path, topic: str, batch_id: int) -> dict[int, int]:
    """Return the end offset of each partition in a batch, as Spark wrote it down before it began the batch.

    Raises:
        ValueError: the file is of a version of the format that this does not read.
    """
    version, *_, source = (checkpoint / "offsets" / str(batch_id)).read_text(encoding="utf-8").splitlines()
    if version != _OFFSET_LOG_VERSION:
        raise ValueError(f"Spark's offset log is of version {version}, and {_OFFSET_LOG_VERSION} is what is read here.")
    return {int(partition): end for partition, end in json.loads(source)[topic].items()}


def _shown(ranges: Mapping[int, tuple[int, int]]) -> str:
    return ", ".join(f"{start} to {end - 1} of partition {p}" for p, (start, end) in sorted(ranges.items()))


def died_of(error: Exception) -> str:
    """Return in plain words what tasks died of, for people; nothing is decided by it."""
    text = str(error.java_exception.getMessage()) if isinstance(error, Py4JJavaError) else str(error)
    code = _EXITED.search(text)
    if code:
        memory = int(code[1]) == _OUT_OF_MEMORY
        return "the executor ran out of memory" if memory else f"the executor exited with code {code[1]}"
    if "OutOfMemoryError" in text:
        return "the executor ran out of memory"
    if "Python worker exited unexpectedly" in text:
        return "the Python worker ended without a word"
    return summarize_error(RuntimeError(text)).removeprefix("RuntimeError: ").splitlines()[0] or type(error).__name__
