"""The query's batches → PostgreSQL: a task and a transaction for each Kafka partition, and a watch over the ledger."""

import json
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pyspark.accumulators import Accumulator
from pyspark.sql import DataFrame

from spark import ledger, sink
from spark.database import Connection


class BatchWriter:
    """Writes batches from where a driver's start found the ledger.

    What Spark wrote down is read in the checkpoint's folder, the ledger through the connection, and `written` is where
    tasks tell which partitions they wrote.
    """

    def __init__(
        self,
        topic: str,
        started: ledger.Plan,
        checkpoint: Path,
        connection: Connection,
        written: Accumulator[frozenset[int]],
    ) -> None:
        self._topic = topic
        self._topic_id = started.topic_id
        self._checkpoint = checkpoint
        self._connection = connection
        self._written = written
        self._stands = dict(started.start)
        self._turn = threading.Lock()
        self._finished = False

    def write(self, parsed: DataFrame, batch_id: int) -> None:
        """Write one batch. After finish() nothing is written: the ledger, not Spark, knows where to go on.

        Raises:
            LedgerError: the ledger does not go on from where this driver left it.
        """
        with self._turn:
            if self._finished:
                return
            ends = _ends(self._checkpoint, self._topic, batch_id)
            self._open(ends)
            ranges = {p: (self._stands.get(p, 0), end) for p, end in ends.items() if end > self._stands.get(p, 0)}
            batch = sink.Batch(self._topic, self._topic_id, ranges)
            self._written.value = frozenset()
            parsed.foreachPartition(partial(sink.write_partition, batch=batch, written=self._written))
            self._pass_over_empty(batch)
            self._stands.update(ends)

    def compare_with_ledger(self) -> None:
        """Look, between two batches, whether the ledger still stands where they left it, or beyond.

        Raises:
            LedgerError: it fell back, as it does when a backup is restored. What is missing may be in a partition to
                which nothing comes, so it is not left to the next batch to find out.
        """
        if not self._turn.acquire(blocking=False):
            return
        try:
            self._expect(self._stands)
        finally:
            self._turn.release()

    def finish(self) -> None:
        """Wait until the batch under way is written, and let no other begin."""
        with self._turn:
            self._finished = True

    def _open(self, ends: Mapping[int, int]) -> None:
        """Partitions that were added while the stream runs: Spark reads them from 0 by itself."""
        with self._connection, self._connection.cursor() as cursor:
            for partition in ends.keys() - self._stands.keys():
                ledger.open_partition(cursor, self._topic, self._topic_id, partition, 0)

    def _pass_over_empty(self, batch: sink.Batch) -> None:
        """Partitions whose offsets held no record gave no task a row: the ledger passes over them here.

        One that a task has written, and that the ledger does not show, was taken back by a restored backup.
        """
        written = self._written.value
        now = self._expect({partition: end for partition, (_, end) in batch.ranges.items() if partition in written})
        for partition, (_, end) in batch.ranges.items():
            if now.get(partition, -1) < end:
                with sink.Drained() as nothing:
                    sink.write(nothing, batch, partition)

    def _expect(self, stands: Mapping[int, int]) -> Mapping[int, int]:
        """Give where the ledger stands, which must be these offsets or beyond."""
        with self._connection, self._connection.cursor() as cursor:
            now = ledger.next_offsets(cursor, self._topic, self._topic_id)
        fallen = {p: now.get(p) for p, offset in stands.items() if now.get(p, -1) < offset}
        if fallen:
            raise ledger.LedgerError(
                f"The ledger fell back to {fallen} (it stood at {stands}): PostgreSQL was restored or the ledger "
                "changed. A new start of the driver goes on from the ledger."
            )
        return now


def _ends(checkpoint: Path, topic: str, batch_id: int) -> dict[int, int]:
    """Give the end offset of each partition in a batch, as Spark wrote it down before it began the batch."""
    *_, source = (checkpoint / "offsets" / str(batch_id)).read_text(encoding="utf-8").splitlines()
    return {int(partition): end for partition, end in json.loads(source)[topic].items()}
