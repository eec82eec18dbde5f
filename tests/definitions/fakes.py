"""The world in memory, for tests of what is made of it. Statements are checked against the texts in `sql/`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import SecretStr

import sql
from pipeline_defs.database import Database, DatabaseError, Row, Session
from pipeline_defs.kafka_cluster import KafkaCluster, KafkaClusterError, KafkaState
from pipeline_defs.kafka_quorum import Controller, Quorum
from pipeline_defs.kafka_sender import Delivery, DeliveryError, Record, Sender
from pipeline_defs.kafka_topic import Partition, Topic, TopicError, TopicState
from pipeline_defs.random_user import Fetched, Person, RandomUserApi
from pipeline_defs.random_user.errors import UnreachableError
from pipeline_defs.spark_master import Application, Cluster, Driver, SparkMaster, SparkMasterError, Submission

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
EMPTY_CLUSTER = Cluster("ALIVE", workers_alive=2, cores=4, cores_free=4, drivers=(), applications=())
ON_CLUSTER = Cluster(
    "ALIVE",
    workers_alive=2,
    cores=4,
    cores_free=1,
    drivers=(Driver("driver-1", "RUNNING", "worker-1"),),
    applications=(Application("app-1", "users_stream", "RUNNING", 2, NOW),),
)


class FakeSession(Session):
    def __init__(self, database: "FakeDatabase") -> None:
        self._database = database

    def run(self, name: str, **values: object) -> list[Row]:
        expected = set(re.findall(r"%\((\w+)\)s", sql.statement(name)))
        assert expected == set(values), f"{name} takes {expected}, not {set(values)}"
        self._database.calls.append((name, values))
        if name in self._database.refused:
            raise DatabaseError(f"PostgreSQL, statement {name}: canceling statement due to statement timeout.")
        return list(self._database.answers.get(name, []))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


class FakeDatabase(Database):
    def __init__(self, answers: Mapping[str, Sequence[Row]] | None = None, *, down: bool = False) -> None:
        super().__init__(SecretStr("postgresql://nowhere"))
        self.answers = dict(answers or {})
        self.down = down
        self.refused: set[str] = set()
        self.calls: list[tuple[str, dict[str, object]]] = []

    @contextmanager
    def session(self) -> Iterator[Session]:
        if self.down:
            raise DatabaseError("PostgreSQL, connection: refused.")
        yield FakeSession(self)

    def values_of(self, name: str) -> list[dict[str, object]]:
        return [values for called, values in self.calls if called == name]


class FakeTopic(Topic):
    def __init__(self, state: TopicState | None = None, ends: Mapping[int, int] | None = None) -> None:
        super().__init__("nowhere:9092", "random-user")
        self.state = state
        self.ends = dict(ends or {})

    def describe(self) -> TopicState:
        if self.state is None:
            raise TopicError("Kafka topic random-user at nowhere:9092, describing it: timed out.")
        return self.state

    def end_offsets(self) -> dict[int, int]:
        self.describe()
        return self.ends


class FakeKafka(KafkaCluster):
    def __init__(self, state: KafkaState | None = None) -> None:
        super().__init__("nowhere:9092")
        self.state = state

    def describe(self) -> KafkaState:
        if self.state is None:
            raise KafkaClusterError("Kafka at nowhere:9092 doesn't answer: timed out.")
        return self.state


class FakeSender(Sender):
    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.sent: list[Record] = []

    def send(self, records: Sequence[Record]) -> list[Delivery]:
        deliveries = [Delivery(record.key, 0, offset) for offset, record in enumerate(records)]
        if self.refuses:
            raise DeliveryError("Kafka topic random-user acknowledged 1 of 2 records.", deliveries[:1])
        self.sent.extend(records)
        return deliveries

    @contextmanager
    def __call__(self, _: Topic) -> Iterator["FakeSender"]:
        yield self


class FakeApi(RandomUserApi):
    """Two people, or a refusal, without a network."""

    def fetch(self, count: int, *, deadline_seconds: float) -> Fetched:
        if "unreachable" in self.url:
            raise UnreachableError(url=self.url, reason=f"no answer in {deadline_seconds} s")
        people = tuple(Person(f"uuid-{n}", b'{"n": %d}' % n, f"Person {n}", "Chile") for n in range(count))
        return Fetched(people, self.url, made_up_here=True, fetched_at=NOW, latency_seconds=0.25, attempts=1)


class FakeMaster(SparkMaster):
    """A master that shows its clusters one after the other, and keeps showing the last."""

    def __init__(self, *clusters: Cluster) -> None:
        super().__init__("http://nowhere:8080", "http://nowhere:6066")
        self.clusters = list(clusters)
        self.submitted: list[Submission] = []
        self.killed: list[str] = []

    def cluster(self) -> Cluster:
        if not self.clusters:
            raise SparkMasterError("The Spark master at http://nowhere:8080 doesn't answer.")
        return self.clusters.pop(0) if len(self.clusters) > 1 else self.clusters[0]

    def submit(self, submission: Submission) -> str:
        self.submitted.append(submission)
        return "driver-7"

    def kill(self, driver_id: str) -> None:
        self.killed.append(driver_id)


# What nothing_lost and rejected_rate see where nothing ever happened.
NOTHING_LOST: Mapping[str, Sequence[Row]] = {
    "proof_known": [{"acknowledged_at": None, "erased_at": None}],
    "proof_last_count": [
        {"counted_at": NOW, "seconds": 0.1, "from_kafka": 0, "inserted": 0, "replayed": 0, "erased": 0}
    ],
    "rejected_recently": [{"consumed": 0, "reasons": {}}],
}


def healthy_topic() -> TopicState:
    brokers = (1, 2, 3)
    return TopicState("topic-id", tuple(Partition(number, 1, brokers, brokers) for number in range(3)))


def healthy_kafka() -> KafkaState:
    fetched = int(datetime.now(UTC).timestamp() * 1000)
    quorum = Quorum(101, tuple(Controller(number, 0, fetched) for number in (101, 102, 103)))
    return KafkaState((1, 2, 3), quorum, partitions=3, under_replicated=(), offline=())


def wanted(state: str) -> list[Row]:
    row = {"wanted": state, "since": NOW, "changed_by": "somebody", "code_version": None}
    return [{**row, "asked_at": NOW, "gave_up_at": None, "now": datetime.now(UTC)}]
