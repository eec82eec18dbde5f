"""What a driver asks of PostgreSQL: the lease, and sessions that are lost, left over or stuck."""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO

import psycopg2
import pytest

from spark import driver_state
from spark.driver_state import Lease, LeaseHeldError, Session, record_end, record_start, record_trouble
from spark.sink import task_name
from sql import statement
from sql.connection import connect
from tests.postgresql.server import Database
from tests.waiting import until

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %(name)s"
_THERE = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %(name)s"
_STUCK = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %(name)s AND wait_event = 'ClientRead'"
_DRIVER = {"name": "users_stream driver"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with closing(Session(database.url("users_stream"))) as session:
        yield session


@pytest.fixture
def other(database: Database) -> Iterator[Session]:
    with closing(Session(database.url("users_stream"))) as session:
        yield session


def acquire(session: Session) -> Lease:
    lease = Lease(session, record_start(session, "driver-1"))
    lease.acquire()
    return lease


def test_lost_session_is_opened_again(database: Database, session: Session):
    record_start(session, "driver-1")
    database.run(_END, _DRIVER, role="postgres")
    assert record_start(session, "driver-2") == 2


def test_lost_lease_is_taken_again(database: Database, session: Session, other: Session):
    lease = acquire(session)
    database.run(_END, _DRIVER, role="postgres")
    lease.renew(driver_state.WHILE_RUNNING)
    with pytest.raises(LeaseHeldError):
        other.run(lambda cursor: Lease(other, 2)._take(cursor))


def test_lost_lease_that_somebody_has_taken(database: Database, session: Session, other: Session):
    lease = acquire(session)
    database.run(_END, _DRIVER, role="postgres")
    acquire(other)
    with pytest.raises(LeaseHeldError):
        lease.renew(driver_state.WHILE_RUNNING)


def test_held_lease_is_waited_for(session: Session, other: Session, monkeypatch: pytest.MonkeyPatch):
    """A driver that comes while another holds the lease takes it as soon as that one is gone."""
    acquire(session)
    monkeypatch.setattr(driver_state.time, "sleep", lambda _: session.close())
    acquire(other)


def test_lease_that_stays_held(session: Session, other: Session, monkeypatch: pytest.MonkeyPatch):
    acquire(session)
    monkeypatch.setattr(driver_state, "_WAIT_FOR_LEASE_SECONDS", 0.0)
    with pytest.raises(LeaseHeldError):
        acquire(other)


def test_new_holder_ends_tasks_of_older_drivers(database: Database, session: Session):
    """A task that an older driver left behind may hold the ledger's rows."""
    url = database.url("users_stream")
    with closing(connect(url, task_name(0, 2))) as older, closing(connect(url, task_name(1, 2))) as own:
        lease = acquire(session)
        assert lease._start_id == 1
        until(lambda: not database.value(_THERE, {"name": task_name(0, 2)}, role="postgres"), "the older one ends")
        assert database.value(_THERE, {"name": task_name(1, 2)}, role="postgres")
        assert (older.closed, own.closed) == (0, 0)  # the older one's client does not know yet


def test_task_frozen_inside_copy_is_ended(database: Database, session: Session, monkeypatch: pytest.MonkeyPatch):
    """No time limit of PostgreSQL fires there: it waits for the client, and the ledger's row stays locked."""
    lease = acquire(session)
    at_once = statement("stream_tasks_end_stuck").replace("30 seconds", "0 seconds")
    monkeypatch.setattr(driver_state, "statement", lambda name: at_once if "stuck" in name else statement(name))
    name = {"name": task_name(1, 0)}

    class Frozen(BytesIO):
        """A file that says nothing until its session has ended, as a process does that stands still."""

        def read(self, _: int | None = -1, /) -> bytes:
            until(lambda: database.value(_STUCK, name, role="postgres"), "PostgreSQL waits for the client")
            until(lease.end_stuck_tasks, "the session is found")
            until(lambda: not database.value(_THERE, name, role="postgres"), "the session ends")
            return b""

    with (
        closing(connect(database.url("users_stream"), name["name"])) as task,
        task.cursor() as cursor,
        pytest.raises(psycopg2.OperationalError),
    ):
        cursor.copy_expert("COPY users (uuid) FROM STDIN", Frozen())


def test_idle_task_is_left_alone(database: Database, session: Session, monkeypatch: pytest.MonkeyPatch):
    """A Python worker keeps its session between two tasks, and no transaction in it."""
    lease = acquire(session)
    at_once = statement("stream_tasks_end_stuck").replace("30 seconds", "0 seconds")
    monkeypatch.setattr(driver_state, "statement", lambda name: at_once if "stuck" in name else statement(name))
    with closing(connect(database.url("users_stream"), task_name(1, 0))) as task:
        with task, task.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert lease.end_stuck_tasks() == 0


def test_trouble_is_gone_with_its_cause(database: Database, session: Session):
    start_id = record_start(session, "driver-1")
    record_trouble(session, start_id, "A batch is made smaller.")
    assert database.value("SELECT last_error FROM driver_starts") == "A batch is made smaller."
    record_trouble(session, start_id, None)
    assert database.value("SELECT last_error FROM driver_starts") is None


def test_end_of_a_start(database: Database, session: Session):
    record_end(session, record_start(session, "driver-1"), "failed", "It\0 broke.")
    [start] = database.run("SELECT outcome, last_error FROM driver_starts")
    assert (start["outcome"], start["last_error"]) == ("failed", "It broke.")
