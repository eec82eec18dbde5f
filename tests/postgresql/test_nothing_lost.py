"""The check nothing_lost on a real PostgreSQL; Kafka is stood in for."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from dagster import AssetCheckResult
from pydantic import SecretStr

from pipeline_defs.database import Database as Tables
from pipeline_defs.kafka_topic import Topic, TopicError, TopicState
from pipeline_defs.nothing_lost import evidence, gaps, judgement
from pipeline_defs.nothing_lost.reading import Limits, Passage, Person, Record, Stretch
from sql import statement
from tests.postgresql.ledger_rows import PEOPLE, consume, lose, open_ledger, pass_over, plan
from tests.postgresql.server import Database

_GAPS = "SELECT from_offset, checked_at IS NOT NULL AS checked, record_offset FROM skipped_offsets ORDER BY from_offset"


class Kafka(Topic):
    """One partition's records, by offset: uuid and e-mail."""

    def __init__(self, offsets: Sequence[int] = (), *, low: int = 0, end: int = 100) -> None:
        super().__init__("nowhere:9092", "t")
        self.offsets, self.low, self.end = sorted(offsets), low, end
        self.too_large: set[int] = set()
        self.asked: list[Stretch] = []
        self.is_down = False

    def describe(self) -> TopicState:
        return TopicState("A", ())

    def read(self, _: Topic, stretches: Sequence[Stretch], limits: Limits) -> list[Passage]:
        """Read them as the process does that asks the real one."""
        if self.is_down and stretches:
            raise TopicError("Kafka is away.")
        self.asked += stretches
        return [self._passage(stretch, limits) for stretch in stretches]

    def _passage(self, stretch: Stretch, limits: Limits) -> Passage:
        passage = Passage(stretch, self.low, stretch.first)
        for offset in self.offsets:
            if max(stretch.first, self.low) <= offset < stretch.end:
                if offset in self.too_large:
                    passage.is_too_large = True
                    return passage
                person = Person(f"00000000-0000-0000-0000-{offset:012}", "a@x.org")
                passage.records.append(Record(0, offset, datetime.now(UTC), person))
                passage.through = offset + 1
                if len(passage.records) == limits.records:
                    return passage
        passage.through = max(stretch.first, min(stretch.end, self.end))
        return passage


@pytest.fixture
def tables(database: Database) -> Tables:
    """A ledger that is open, and nothing else."""
    open_ledger(database)
    return Tables(SecretStr(database.url()))


def result(tables: Tables, kafka: Kafka) -> AssetCheckResult:
    return judgement.judge(evidence.collect(tables, kafka, kafka.read))


def check_gaps(tables: Tables, kafka: Kafka) -> gaps.GapCheck:
    with tables.session() as session:
        return gaps.check(session, kafka, "A", kafka.read)


# The whole check


def test_healthy(tables: Tables, database: Database):
    """A producer with transactions: each marker is a gap, which is read again once."""
    consume(database, range(0, 30, 2), skipped=15)
    for offset in range(1, 30, 2):
        pass_over(database, offset, offset)
    kafka = Kafka(range(0, 30, 2))
    first, second = result(tables, kafka), result(tables, kafka)
    assert first.passed, first.description
    assert first.metadata["gaps_read_again"].value == 15
    assert kafka.asked == [Stretch(0, 1, 30), Stretch(0, 10, 30), Stretch(0, 10, 30)]
    assert second.passed, second.description
    assert second.metadata["gaps_read_again"].value == 0


def test_every_second_record(tables: Tables, database: Database):
    """A sink that is handed half of the records: the ledger balances, and the check fails until somebody knows."""
    consume(database, range(0, 100, 2), skipped=50)
    for offset in range(1, 100, 2):
        pass_over(database, offset, offset)
    kafka = Kafka(range(100))
    for _ in range(2):
        judged = result(tables, kafka)
        assert not judged.passed
        assert "Partition 0, offset 1: a record is there, and the ledger passed over it as empty" in str(
            judged.description
        )
        assert "45 more gaps with a record" in str(judged.description)
    kafka.offsets = list(range(0, 100, 2))
    assert not result(tables, kafka).passed, "what was seen stays, also when retention has deleted it"
    tables.run("acknowledge", acknowledged_by="somebody", note="sent again")
    assert result(tables, kafka).passed


def test_backfill_older_than_retention(tables: Tables, database: Database):
    consume(database, (), skipped=34)
    lose(database, 0, 33)
    description = str(result(tables, Kafka(low=34, end=34)).description)
    assert description.startswith("Retention deleted offsets 0 to 33 of partition 0 before they were read, noticed at ")


def test_kafka_away(tables: Tables, database: Database):
    """Gaps wait, and say so."""
    consume(database, [0], skipped=1)
    pass_over(database, 1, 1, hours=2)
    kafka = Kafka([0])
    kafka.is_down = True
    judged = result(tables, kafka)
    assert not judged.passed
    assert "No record was read again: Kafka is away. Offsets that" in str(judged.description)
    assert database.run(_GAPS)[0]["checked"] is False


def test_rejected_record_too_large(tables: Tables, database: Database):
    """It counts as rejected, and is not asked for; another one that can't be read is named."""
    database.run("UPDATE stream_offsets SET next_offset = 4, records = 4, inserted = 2, rejected = 2")
    database.run(PEOPLE, {"offsets": [0, 3]})
    rejected = """
    INSERT INTO rejected_records (topic, topic_id, partition, "offset", reason, detail)
    VALUES ('t', 'A', 0, %(offset)s, %(reason)s, 'd')
    """
    database.run(rejected, {"offset": 1, "reason": "unprocessable"})
    database.run(rejected, {"offset": 2, "reason": "not_json"})
    kafka = Kafka(range(4))
    kafka.too_large = {1, 2}
    taken = evidence.collect(tables, kafka, kafka.read).sample
    assert kafka.asked == [Stretch(0, 0, 1), Stretch(0, 2, 4)]
    assert (taken.outcomes, taken.too_large) == ({(0, 0): "row", (0, 1): "rejected", (0, 2): "rejected"}, [])
    kafka.too_large = {3}
    assert evidence.collect(tables, kafka, kafka.read).sample.too_large == [(0, 3)]


# Gaps


def test_gaps_of_all_kinds(tables: Tables, database: Database):
    for first, last in ((3, 4), (10, 12), (20, 20), (200, 210)):
        pass_over(database, first, last)
    pass_over(database, 30, 30, topic_id="B")
    lose(database, 40, 49)
    open_ledger(database, "B")
    checked = check_gaps(tables, Kafka([11, 12], low=5))
    assert (checked.empty, checked.unreadable, checked.waiting) == (1, 2, 1)
    assert [tuple(row.values()) for row in database.run(_GAPS)] == [
        (3, True, None),
        (10, False, 11),
        (20, True, None),
        (30, True, None),
        (40, False, None),
        (200, False, None),
    ]


def test_gaps_of_another_topic(tables: Tables, database: Database):
    pass_over(database, 1, 1, topic_id="another")
    assert check_gaps(tables, Kafka()) == gaps.GapCheck()


def test_gaps_oldest_first(tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch):
    """More than can be read at once are read bit by bit, and the age of those that are left is known."""
    monkeypatch.setattr(gaps, "MOST_GAPS", 2)
    for first in (1, 3, 5):
        pass_over(database, first, first, hours=10 - first)
    first, second, third = (check_gaps(tables, Kafka()) for _ in range(3))
    assert (first.empty, round(first.oldest_seconds / 3600)) == (2, 7)
    assert (second.empty, second.oldest_seconds) == (1, 0)
    assert third == gaps.GapCheck()


def test_gap_behind_a_record_too_large(tables: Tables, database: Database):
    """Gaps are read by themselves then."""
    pass_over(database, 1, 1)
    pass_over(database, 5, 5)
    pass_over(database, 7, 7)
    kafka = Kafka([0, 3, 7])
    kafka.too_large = {3, 7}
    checked = check_gaps(tables, kafka)
    assert (checked.empty, checked.unreadable, checked.waiting) == (2, 1, 0)
    assert kafka.asked == [Stretch(0, 1, 8), Stretch(0, 1, 2), Stretch(0, 5, 6), Stretch(0, 7, 8)]


def test_gaps_by_index(database: Database):
    assert "skipped_offsets_unchecked" in plan(database, statement("proof_gaps"), {"topic": "t", "most": 10})


# Statements


def test_deleted_until_acknowledged(tables: Tables, database: Database):
    lose(database, 10, 19)
    pass_over(database, 20, 21)
    assert [row["from_offset"] for row in tables.run("proof_deleted")] == [10]
    tables.run("acknowledge", acknowledged_by="somebody", note="off for a week")
    assert not tables.run("proof_deleted")
    assert tables.run("proof_known")[0]["acknowledged_at"]
    lose(database, 30, 39)
    assert [row["from_offset"] for row in tables.run("proof_deleted")] == [30]


def test_people_by_uuid(tables: Tables, database: Database):
    consume(database, [0, 1, 2])
    uuids = ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000009"]
    assert [row["kafka_offset"] for row in tables.run("proof_people", uuids=uuids)] == [2]
    assert not tables.run("proof_people", uuids=[])
