"""The faults. Each is a generator of three parts, with a yield after the first and the second.

It prepares, and is sent a batch that stands still in the middle. It strikes, and the batch goes on. It takes the fault
away, where the stack does not do so by itself.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import psycopg2

from stack.supervisor import Supervisor
from tests.faults import victims
from tests.faults.second_driver import SecondDriver
from tests.faults.witness import OpenBatch, resume
from tests.integration import kafka, proof, stream
from tests.integration.stack import ROOT, TOPIC, Stack
from tests.waiting import until

Steps = Generator[None, OpenBatch, None]
_AWAY_SECONDS = 20
_AWAY_FOR_MINUTES_SECONDS = 150
_FROZEN_SECONDS = 60
_HANGING = "a session that hangs"


@dataclass(frozen=True)
class Fault:
    """A named fault.

    Attributes:
        what: for the table in the docs.
        steps: prepare, strike, undo.
        rightly: actions of the supervisor that are right here; any other is counted as wrong.
        complains: what the check `nothing_lost` rightly says afterwards; nothing where no data was deleted on purpose.
        caught: the statement, as LIKE has it, in whose middle a batch is caught.
        after_sending: it strikes when all of the load is in Kafka.
        cheap: one round of it runs with all other tests.
    """

    what: str
    steps: Callable[[Stack, Random], Steps]
    rightly: frozenset[str] = frozenset()
    complains: str = ""
    caught: str = "%"
    after_sending: bool = False
    cheap: bool = False


def _executor(_: Stack, __: Random) -> Steps:
    batch = yield
    victims.executor_of(batch.holder).kill()
    yield


def _python_worker(_: Stack, __: Random) -> Steps:
    batch = yield
    batch.holder.kill()
    yield


def _driver_jvm(stack: Stack, _: Random) -> Steps:
    drivers = victims.driver_jvms(stack)
    yield
    victims.kill(drivers)
    yield


def _driver_python(stack: Stack, _: Random) -> Steps:
    drivers = victims.driver_pythons(stack)
    yield
    victims.kill(drivers)
    yield


def _worker(stack: Stack, chance: Random) -> Steps:
    worker = victims.component(stack, chance.choice(["spark-worker-1", "spark-worker-2"]))
    yield
    worker.kill()
    yield


def _all_workers(stack: Stack, _: Random) -> Steps:
    names = ["spark-worker-1", "spark-worker-2"]
    workers = [victims.component(stack, name) for name in names]
    yield
    victims.kill(workers)
    yield
    with _kept_away(stack, names):
        time.sleep(_AWAY_SECONDS)


def _master(stack: Stack, _: Random) -> Steps:
    master = victims.component(stack, "spark-master")
    yield
    master.kill()
    yield


def _broker(stack: Stack, chance: Random) -> Steps:
    broker = victims.component(stack, f"broker-{chance.choice([1, 2, 3])}")
    yield
    broker.kill()
    yield


def _controller(stack: Stack, _: Random) -> Steps:
    leader = victims.component(stack, f"controller-{stack.leading_controller()}")
    yield
    leader.kill()
    yield


def _postgresql_stopped(stack: Stack, _: Random, seconds: float = _AWAY_SECONDS) -> Steps:
    server = victims.component(stack, "postgres")
    yield
    server.send_signal(signal.SIGQUIT)  # immediate: no checkpoint, no farewell
    yield
    with _kept_away(stack, ["postgres"]):
        time.sleep(seconds)


def _postgresql_refuses(stack: Stack, _: Random) -> Steps:
    yield
    _refuse(stack, "users_stream")
    yield
    time.sleep(_AWAY_SECONDS)
    _take_again(stack, "users_stream")


def _transaction_hangs(stack: Stack, _: Random) -> Steps:
    """Somebody's session takes the ledger's rows after the batch under way, and says nothing more."""
    session = psycopg2.connect(stack.environment["DATABASE_URL"], connect_timeout=10, application_name=_HANGING)
    with ThreadPoolExecutor(1) as pool, closing(session), session.cursor() as cursor:
        yield
        locking = pool.submit(cursor.execute, "SELECT next_offset FROM stream_offsets FOR UPDATE")
        yield
        locking.result()
        until(lambda: not stack.sessions(_HANGING), "PostgreSQL ends the session that hangs")


def _checkpoints_deleted(stack: Stack, _: Random) -> Steps:
    yield
    for folder in stack.checkpoints():
        shutil.rmtree(folder, ignore_errors=True)
    yield


def _postgresql_restored(stack: Stack, _: Random) -> Steps:
    """The database is replaced by its own backup, made before the load. Nobody is let in before it is whole."""
    roles = ("pipeline", "users_stream")
    with tempfile.TemporaryDirectory(prefix="backup-") as folder:
        backup = Path(folder) / "backup"
        _run(stack, "pg_dump", "--format=custom", f"--file={backup}", stack.superuser_url("project_streaming"))
        yield
        _refuse(stack, *roles)
        stack.as_superuser("DROP DATABASE project_streaming WITH (FORCE)")
        yield
        _run(stack, "pg_restore", "--create", f"--dbname={stack.superuser_url('postgres')}", str(backup))
        _take_again(stack, *roles)


def _topic_recreated(stack: Stack, _: Random) -> Steps:
    yield
    kafka.delete_topic(stack.bootstrap_servers, TOPIC)
    yield
    kafka.create_topic(stack.bootstrap_servers, TOPIC)


def _partitions_added(stack: Stack, _: Random) -> Steps:
    if kafka.partitions(stack.bootstrap_servers, TOPIC) != 3:
        kafka.delete_topic(stack.bootstrap_servers, TOPIC)
        kafka.create_topic(stack.bootstrap_servers, TOPIC)
        until(lambda: "created again" in proof.complaint(stack), "the ledger's rows of the new topic", 600)
        proof.acknowledge(stack)
    yield
    kafka.add_partitions(stack.bootstrap_servers, TOPIC, 6)
    yield


def _two_drivers(stack: Stack, _: Random) -> Steps:
    with SecondDriver(stack) as second:
        until(second.is_there, "the second driver reads", 600)
        yield
        yield
        until(second.has_taken_part, "the second driver takes part")


def _driver_frozen(stack: Stack, _: Random) -> Steps:
    frozen = [*victims.driver_jvms(stack), *victims.driver_pythons(stack)]
    yield
    for process in frozen:
        process.suspend()
    yield
    time.sleep(_FROZEN_SECONDS)
    resume(frozen)


def _query_stalled(_: Stack, __: Random) -> Steps:
    """The Python worker in the middle of its batch stands still for good: its task neither ends nor fails."""
    batch = yield
    batch.workers.remove(batch.holder)
    yield


def _settings_changed(stack: Stack, chance: Random) -> Steps:
    """Somebody says `make up` with another setting of the stream. It makes next to no difference, and stays."""
    yield
    stack.settings["STREAM_MAX_OFFSETS_PER_TRIGGER"] = str(chance.randint(4_900, 4_999))
    yield
    stack.up()


def _code_changed(stack: Stack, _: Random) -> Steps:
    """A file of the stream is new, as after an upgrade, and gone again: each time the code is another."""
    file = ROOT / "spark" / "new_file.py"
    before = stream.application(stack)
    yield
    file.write_text("# Made by a test.\n", encoding="utf-8")
    try:
        yield
        until(lambda: stream.is_another(stack, before), "the new code runs", 600)
        upgraded = stream.application(stack)
    finally:
        file.unlink()
    until(lambda: stream.is_another(stack, upgraded), "the old code runs again", 600)


def _power_cut(stack: Stack, _: Random) -> Steps:
    yield
    victims.cut_the_power(stack)
    yield
    stack.up()


FAULTS = {
    "executor": Fault("an executor killed", _executor, cheap=True),
    "python_worker": Fault("a Python worker killed", _python_worker, cheap=True),
    "driver_jvm": Fault("the driver's JVM killed", _driver_jvm, cheap=True),
    "driver_python": Fault("the driver's Python process killed", _driver_python),
    "worker": Fault("a Spark worker killed", _worker, frozenset({"start"}), cheap=True),
    "all_workers": Fault("both Spark workers killed, away for 20 s", _all_workers, frozenset({"start"})),
    "master": Fault("the Spark master killed", _master),
    "broker": Fault("a Kafka broker killed", _broker, cheap=True),
    "controller": Fault("the leading Kafka controller killed", _controller, cheap=True),
    "postgresql_stopped": Fault("PostgreSQL stopped in immediate mode for 20 s", _postgresql_stopped),
    "postgresql_away": Fault(
        f"PostgreSQL stopped in immediate mode for {_AWAY_FOR_MINUTES_SECONDS} s",
        partial(_postgresql_stopped, seconds=_AWAY_FOR_MINUTES_SECONDS),
    ),
    "postgresql_refuses": Fault("PostgreSQL refuses connections for 20 s", _postgresql_refuses),
    "transaction_hangs": Fault("a transaction that hangs holds the ledger", _transaction_hangs),
    "checkpoints_deleted": Fault("the checkpoint folders deleted", _checkpoints_deleted),
    "postgresql_restored": Fault("PostgreSQL restored from a backup", _postgresql_restored),
    "topic_recreated": Fault(
        "the topic deleted and created again",
        _topic_recreated,
        complains="was deleted and created again",
        after_sending=True,
    ),
    "partitions_added": Fault("partitions 3 → 6", _partitions_added),
    "two_drivers": Fault("two drivers at once, one without the lease", _two_drivers),
    "driver_frozen": Fault("the driver frozen for a minute and thawed", _driver_frozen, frozenset({"restart"})),
    "query_stalled": Fault("a Python worker frozen for good", _query_stalled),
    "frozen_in_copy": Fault("a Python worker frozen for good inside COPY", _query_stalled, caught="COPY%"),
    "settings_changed": Fault("`make up` with another setting", _settings_changed, frozenset({"start", "restart"})),
    "code_changed": Fault("the stream's code changed, and back", _code_changed, frozenset({"restart"})),
    "power_cut": Fault("a power cut of everything", _power_cut, frozenset({"start"})),
}
CHEAP = [name for name, fault in FAULTS.items() if fault.cheap]


@contextmanager
def _kept_away(stack: Stack, names: list[str]) -> Iterator[None]:
    """Keep components away for the length of the block, whatever the supervisor would do."""
    supervisor = Supervisor(stack.state)
    for name in names:
        supervisor.stop(name)
    yield
    supervisor.wait_until_stopped(names)
    for name in names:
        supervisor.start(name)


def _refuse(stack: Stack, *roles: str) -> None:
    """End the sessions of these roles, and let in no other."""
    for role in roles:
        stack.as_superuser(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    stack.as_superuser(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%(roles)s)", roles=list(roles)
    )


def _take_again(stack: Stack, *roles: str) -> None:
    for role in roles:
        stack.as_superuser(f"ALTER ROLE {role} CONNECTION LIMIT -1")


def _run(stack: Stack, program: str, *arguments: str) -> None:
    environment = os.environ | stack.environment
    done = subprocess.run(
        [program, *arguments], env=environment, timeout=600, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{program}: {done.stderr}"
