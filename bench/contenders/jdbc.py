"""Contenders 1 and 2: the sink of the project that this one replaces, on the same Spark cluster, and the same tuned."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import jars
from bench.contenders.contender import process
from bench.load import Backlog
from bench.servers import TOPIC, Servers
from stack.postgres import DATABASE

_JOB = Path(__file__).with_name("jdbc_job.py")


@dataclass(frozen=True)
class JdbcAppend:
    """A JDBC append in foreachBatch.

    Attributes:
        tuned: whether rows go in statements of many rows, and only the needed fields are read from the JSON.
        records_per_batch: the most in a micro-batch.
    """

    tuned: bool = False
    records_per_batch: int = 50_000

    @property
    def number(self) -> str:
        """Its number in the page."""
        return "2" if self.tuned else "1"

    @property
    def name(self) -> str:
        """Its name in results and options."""
        return "jdbc-tuned" if self.tuned else "jdbc"

    @property
    def label(self) -> str:
        """What it is, in a line."""
        return "the JDBC append, tuned" if self.tuned else "the replaced project's JDBC append"

    def prepare(self, servers: Servers, backlog: Backlog) -> None:  # noqa: ARG002 - as every contender
        """Fetch the driver of PostgreSQL."""
        jars.provide(servers.site)

    @contextmanager
    def running(self, servers: Servers) -> Iterator[None]:
        """Run it with spark-submit, on the cluster, with the memory and cores that the stream has."""
        folder = servers.state.root / "bench" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        settings = servers.pipeline_settings()
        class_path = f"{servers.site.connector_jars}/*:{jars.folders(servers.site)['jdbc']}/*"
        properties = {
            "spark.driver.extraClassPath": class_path,
            "spark.executor.extraClassPath": class_path,
            "spark.driver.memory": settings.spark_driver_memory,
            "spark.executor.memory": settings.spark_executor_memory,
            "spark.cores.max": str(settings.spark_cores_max),
            "spark.sql.session.timeZone": "UTC",
            # As in the Spark 3.4 that it was written for.
            "spark.sql.ansi.enabled": "false",
        }
        command = [str(servers.site.spark_home / "bin" / "spark-submit"), "--master", settings.spark_master_url]
        for name, value in properties.items():
            command += ["--conf", f"{name}={value}"]
        options = "stringtype=unspecified" + ("&reWriteBatchedInserts=true" if self.tuned else "")
        environment = servers.environment() | {
            "BENCH_TUNED": "yes" if self.tuned else "no",
            "BENCH_TOPIC": TOPIC,
            "BENCH_RECORDS_PER_BATCH": str(self.records_per_batch),
            # The replaced project's are 500.
            "BENCH_ROWS_PER_STATEMENT": "5000" if self.tuned else "500",
            "BENCH_JDBC_URL": f"jdbc:postgresql://127.0.0.1:{servers.site.port('postgres')}/{DATABASE}?{options}",
            "BENCH_CHECKPOINT": str(folder / "checkpoint"),
        }
        with process([*command, str(_JOB)], environment, folder / "log"):
            yield
