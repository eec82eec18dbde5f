"""The replay of rejected records: ask for it in `replays`, run it on the cluster, and watch it get on."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster, SparkMasterError, Submission

NAME = "replay_rejected"


class ReplayError(PipelineError):
    """The replay did not come to its end."""


@dataclass(frozen=True)
class Request:
    """Which rejected records to look at again; None asks for all. Those that were replayed before never count.

    Attributes:
        reason: their reason, a code of docs/rejected-records.md.
        rejected_from: rejected then or later.
        rejected_to: rejected before then.
        partition: of this Kafka partition.
        from_offset: from this offset on.
        to_offset: up to this offset, included.
    """

    reason: str | None = None
    rejected_from: datetime | None = None
    rejected_to: datetime | None = None
    partition: int | None = None
    from_offset: int | None = None
    to_offset: int | None = None


@dataclass(frozen=True)
class Result:
    """What a replay has done so far. `found` is None before it has begun."""

    found: int | None
    inserted: int
    duplicates: int
    still_rejected: int

    def __str__(self) -> str:
        if self.found is None:
            return "waiting for a worker"
        return (
            f"{self.inserted + self.duplicates + self.still_rejected} of {self.found} records: {self.inserted} "
            f"inserted, {self.duplicates} duplicates, {self.still_rejected} still rejected"
        )


@dataclass(frozen=True)
class Patience:
    """How long to wait for the end of a replay, and between two looks, in seconds."""

    seconds: float = 3000.0
    between_looks: float = 2.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def submission(settings: Settings, replay_id: int) -> Submission:
    """Make what the master is asked to run: beside the stream, once, with a core and memory of its own."""
    properties = {
        "spark.master": settings.spark_master_url,
        "spark.app.name": NAME,
        "spark.submit.deployMode": "cluster",
        "spark.jars": "",
        "spark.driver.supervise": "false",
        "spark.driver.cores": "1",
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.pyspark.python": settings.spark_python,
        "spark.pyspark.driver.python": settings.spark_python,
    }
    script = Path(settings.spark_application).with_name(f"{NAME}.py")
    return Submission(str(script), properties, arguments=(str(replay_id),), alone=True)


@dataclass(frozen=True)
class Replayer:
    """Carries out replays, one call each. `tell` is given a sentence whenever one gets on."""

    database: Database
    master: SparkMaster
    settings: Settings
    tell: Callable[[str], None]
    patience: Patience = Patience()

    def run(self, request: Request, requested_by: str) -> Result:
        """Replay what is asked for, and give what was done.

        A replay that is not over when this ends, for whatever reason, is given up: its driver is killed, and what it
        has not committed is rolled back.

        Raises:
            ReplayError: it failed, its driver died, or it took too long. What it moved stays moved.
            SparkMasterError: the master can't be reached, or refuses.
            DatabaseError: PostgreSQL can't be reached.
        """
        replay_id = self.database.run("replay_request", requested_by=requested_by, **vars(request))[0]["id"]
        driver: str | None = None
        why_given_up = f"{requested_by} ended before it"
        try:
            driver = self.master.submit(submission(self.settings, replay_id))
            self.tell(f"Replay {replay_id} is submitted as {driver}.")
            return self._watch(replay_id, driver)
        except PipelineError as error:
            why_given_up = str(error)
            raise
        finally:
            # Changes nothing where the replay has said itself how it ended.
            if self.database.run("replay_end", id=replay_id, outcome="failed", error=why_given_up) and driver:
                self._kill(driver)

    def _watch(self, replay_id: int, driver: str) -> Result:
        end = self.patience.clock() + self.patience.seconds
        told = ""
        while True:
            # The driver first: what a driver that is over had to say is in the table by then.
            over = self.master.driver_is_over(driver)
            row = self.database.run("replay_read", id=replay_id)[0]
            result = Result(row["found"], row["inserted"], row["duplicates"], row["still_rejected"])
            if str(result) != told:
                told = str(result)
                self.tell(f"Replay {replay_id}: {told}.")
            if row["outcome"] == "done":
                return result
            if row["outcome"] is not None:
                raise ReplayError(f"Replay {replay_id} failed: {row['error']} What it moved stays moved; ask again.")
            if over:
                raise ReplayError(
                    f"{driver}, the driver of replay {replay_id}, ended without a word ({over}): {result}. What it "
                    f"moved stays moved; ask again. {self.master.ui_url} leads to the driver's log."
                )
            if self.patience.clock() >= end:
                raise ReplayError(
                    f"Replay {replay_id} is not done after {self.patience.seconds:.0f} s, and is given up: {result}. "
                    f"What it moved stays moved; see at {self.master.ui_url} that a worker has a free core, and ask "
                    "again."
                )
            self.patience.sleep(self.patience.between_looks)

    def _kill(self, driver: str) -> None:
        try:
            self.master.kill(driver)
        except SparkMasterError as error:
            self.tell(f"{driver} could not be killed: {error}")
