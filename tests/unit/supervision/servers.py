"""PostgreSQL and the Spark master as the functions that start and stop the stream use them, made of the simulation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from pipeline_defs.database import Database, Row, Session
from pipeline_defs.spark_master import Cluster, SparkMaster, SparkMasterError, Submission
from pipeline_defs.supervision import APPLICATION_NAME, Action

if TYPE_CHECKING:
    from tests.unit.supervision.simulation import Simulation


class Tables(Database):
    """The tables."""

    def __init__(self, simulation: "Simulation") -> None:
        super().__init__(SecretStr("postgresql://nowhere"))
        self.simulation = simulation

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield _Statements(self.simulation)


class _Statements(Session):
    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def run(self, name: str, **values: object) -> list[Row]:
        """Answer what stream.py asks."""
        world = self._simulation
        match name:
            case "stream_start_lock":
                return [{"alone": True}]
            case "stream_state_read":
                wanted = "running" if world.wanted.running else "stopped"
                return [{"wanted": wanted, "gave_up_at": world.wanted.gave_up_at}]
            case "stream_state_want":
                running = values["wanted"] == "running"
                world.wanted = replace(
                    world.wanted, running=running, changed_by="somebody", asked_at=world.now, gave_up_at=None
                )
            case "stream_state_restart":
                world.restart_at = world.now
            case "stream_state_give_up":
                world.wanted = replace(world.wanted, gave_up_at=world.now)
            case "decisions_read":
                line = world.line(int(str(values["id"])))
                overtaken = line.at < world.wanted.asked_at
                row = {"action": line.decision.action.value, "subject": line.subject, "outcome": line.outcome}
                return [{**row, "overtaken": overtaken}]
            case _:
                raise AssertionError(f"nobody should run {name}")
        return []


class Master(SparkMaster):
    """The master's two interfaces, which hold the supervisor to its promises."""

    def __init__(self, simulation: "Simulation") -> None:
        super().__init__("http://nowhere", "http://nowhere")
        self.simulation = simulation

    def cluster(self) -> Cluster:
        """Show the cluster, if the master is there."""
        found = self.simulation.cluster
        if found is None:
            raise SparkMasterError("The Spark master doesn't answer.")
        return found

    def submit(self, submission: Submission) -> str:
        """Take a driver."""
        world = self.simulation
        if self.cluster().status != "ALIVE":
            raise SparkMasterError("The Spark master takes drivers only while it is ALIVE.")
        assert world.wanted.running, "a start although it was stopped on purpose"
        assert world.wanted.gave_up_at is None, "a start although the breaker is open"
        assert not world.drivers, "two starts for one need"
        assert submission.properties["spark.app.name"] == APPLICATION_NAME
        world.submitted.append(world.carrying_out)
        return world.submit().id

    def kill(self, driver_id: str) -> None:
        """End a driver for good."""
        world = self.simulation
        self.cluster()
        action = world.line(world.carrying_out).decision.action if world.carrying_out is not None else None
        for driver in list(world.drivers):
            if driver.id == driver_id:
                if action is Action.STOP_SURPLUS:
                    assert driver_id != world.lease, "of two drivers, the one that writes was ended"
                if action is Action.RESTART and driver.application and driver.start is not None:
                    told = world.starts[driver.start].started_at <= world.restart_at
                    assert not told, "a driver that listens was killed before its batch was over"
                world.kill(driver)
