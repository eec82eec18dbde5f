"""One real stack for the test session: started, asked and stopped as a user would, with the `pipeline` command."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import psycopg2.extras

from pipeline_defs.spark_master import SparkMaster
from stack import passwords
from stack.processes import marked
from stack.state import State
from stack.supervisor import Supervisor
from tests.dagster_ui import DagsterUi
from tests.integration import kafka

ROOT = Path(__file__).resolve().parents[2]
_BIN = Path(sys.executable).parent
TOPIC = "random-user"


@dataclass
class Stack:
    """A stack whose state and ports are its own, so that a developer's running one is not disturbed."""

    settings: dict[str, str]  # what distinguishes it from the default stack, as environment variables
    environment: dict[str, str] = field(default_factory=dict)  # what `pipeline env` prints

    def pipeline(self, *arguments: str, seconds: float = 900, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pipeline` with these arguments; where `check` is set, a failure shows all that it printed."""
        return self._run(str(_BIN / "pipeline"), *arguments, seconds=seconds, check=check)

    def dagster(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run `dagster` in the environment that `pipeline env` prints, as a user's shell would."""
        return self._run(str(_BIN / "dagster"), *arguments, seconds=seconds, check=True)

    def up(self) -> str:
        """Start it, remember its environment, and give what `pipeline up` printed."""
        printed = self.pipeline("up").stdout
        self.environment = dict(
            assignment.split("=", 1)
            for line in self.pipeline("env").stdout.splitlines()
            for assignment in shlex.split(line.removeprefix("export "))
        )
        return printed

    def query(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Give the rows of a query to `project_streaming`, as the tables' owner."""
        return self._execute(self.environment["DATABASE_URL"], statement, values)

    def one(self, statement: str, **values: object) -> Any:  # noqa: ANN401 - whatever type the column has
        """Give the single value of a query."""
        [row] = self.query(statement, **values)
        [value] = row.values()
        return value

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's brokers."""
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    def topic_id(self) -> str:
        """Give Kafka's id of the pipeline's topic."""
        return kafka.topic_id(self.bootstrap_servers, TOPIC)

    def next_offsets(self) -> dict[int, int]:
        """Give how far the ledger of the pipeline's topic stands, by partition."""
        statement = "SELECT partition, next_offset FROM stream_offsets WHERE topic_id = %(topic_id)s"
        return {row["partition"]: row["next_offset"] for row in self.query(statement, topic_id=self.topic_id())}

    def superuser_url(self, database: str) -> str:
        """Give the address of a database for PostgreSQL's superuser."""
        password = passwords.load(self.state.passwords)["postgres"]
        return f"postgresql://postgres:{password}@{self.environment['PGHOST']}:{self.environment['PGPORT']}/{database}"

    def as_superuser(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Run a statement as PostgreSQL's superuser, each by itself."""
        return self._execute(self.superuser_url("postgres"), statement, values, autocommit=True)

    def sessions(self, name: str) -> list[dict[str, Any]]:
        """Give the sessions whose application_name is LIKE this, with how long each has been there."""
        return self.as_superuser(
            "SELECT pid, application_name, state, extract(epoch FROM now() - backend_start) AS seconds, "
            "coalesce(extract(epoch FROM now() - xact_start), 0) AS transaction_seconds "
            "FROM pg_stat_activity WHERE application_name LIKE %(name)s",
            name=name,
        )

    def spark_master(self) -> SparkMaster:
        """Give a client of the Spark master."""
        return SparkMaster(self.environment["SPARK_MASTER_UI_URL"], self.environment["SPARK_MASTER_REST_URL"])

    def checkpoints(self) -> list[Path]:
        """Give the checkpoint folders that drivers have left or use."""
        return list((self.state.spark / "checkpoints").iterdir())

    def leading_controller(self) -> int:
        """Give the number of the Kafka controller that leads."""
        said = self._run(
            *("kafka-metadata-quorum.sh", "--bootstrap-server", self.bootstrap_servers, "describe", "--status"),
            seconds=60,
            check=True,
        ).stdout
        found = re.search(r"LeaderId:\s+10(\d)", said)
        assert found, said
        return int(found[1])

    @property
    def state(self) -> State:
        """Its state folder."""
        return State(Path(self.settings["PIPELINE_STATE"]))

    def status(self) -> dict[str, Any]:
        """Give what `pipeline status --json` prints."""
        return json.loads(self.pipeline("status", "--json", check=False).stdout)

    def components(self) -> dict[str, dict[str, Any]]:
        """Give the status of each component."""
        return {component["name"]: component for component in self.status()["components"]}

    def processes(self) -> list[psutil.Process]:
        """Give every process that belongs to it."""
        return marked(self.state)

    def stop_component(self, name: str) -> None:
        """Stop one component for good: its supervisor does not start it again by itself."""
        supervisor = Supervisor(self.state)
        supervisor.stop(name)
        supervisor.wait_until_stopped([name])

    def kill_driver(self) -> None:
        """End the driver's Python process without a warning."""
        drivers = [process for process in self.processes() if self._is_driver(process)]
        assert drivers, "no driver runs"
        for driver in drivers:
            driver.kill()

    @staticmethod
    def _is_driver(process: psutil.Process) -> bool:
        try:
            command = process.cmdline()
        except psutil.Error:  # it ended meanwhile
            return False
        return bool(command) and "python" in Path(command[0]).name and command[-1].endswith("users_stream.py")

    def process_of(self, run_id: str) -> psutil.Process | None:
        """Give the process of a run that has started."""
        if self.run_status(run_id) != "STARTED":
            return None
        events = self.dagster_storage("SELECT event FROM event_logs WHERE run_id = %(run)s ORDER BY id", run=run_id)
        found = [match for event in events if (match := re.search(r"\(pid: (\d+)\)", event["event"]))]
        return psutil.Process(int(found[-1][1])) if found else None

    def produce(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Send records to the pipeline's topic, as somebody else's producer would."""
        kafka.produce(self.bootstrap_servers, TOPIC, records)

    def records(self) -> list[kafka.Record]:
        """Give every record of the pipeline's topic."""
        return list(kafka.consume(self.bootstrap_servers, TOPIC))

    @property
    def dagster_ui(self) -> DagsterUi:
        """Give its Dagster, as the UI asks it."""
        return DagsterUi(self.environment["DAGSTER_UI_URL"])

    def launch(self, job: str, tags: dict[str, str] | None = None) -> str:
        """Launch a job as the UI does, and give the run's id."""
        return self.dagster_ui.launch(job, tags)

    def run_status(self, run_id: str) -> str:
        """Give the status of a run."""
        return self.dagster_ui.run_status(run_id)

    def check(self, asset: str, name: str) -> str:
        """Give what the newest evaluation of an asset check says: passed, warned, failed, or nothing yet."""
        return self.dagster_ui.check(asset, name)

    def dagster_storage(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Run a statement in Dagster's own storage."""
        return self._execute(self.environment["DAGSTER_POSTGRES_URL"], statement, values)

    def _execute(
        self, url: str, statement: str, values: dict[str, object], *, autocommit: bool = False
    ) -> list[dict[str, Any]]:
        connection = psycopg2.connect(
            url,
            connect_timeout=10,
            options="-c statement_timeout=300000",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )
        connection.autocommit = autocommit
        # The connection's own block would begin a transaction, whatever autocommit says.
        transaction = nullcontext() if autocommit else connection
        try:
            with transaction, connection.cursor() as cursor:
                psycopg2.extras.register_uuid(conn_or_curs=cursor)
                cursor.execute(statement, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def _run(self, program: str, *arguments: str, seconds: float, check: bool) -> subprocess.CompletedProcess[str]:
        completed = subprocess.run(
            [program, *arguments],
            cwd=ROOT,
            env=os.environ | self.environment | self.settings,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and completed.returncode != 0:
            raise AssertionError(
                f"`{Path(program).name} {' '.join(arguments)}` ended with {completed.returncode}:\n"
                f"{completed.stdout}\n{completed.stderr}"
            )
        return completed
