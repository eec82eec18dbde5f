"""What the check nothing_lost judges: the ledger, a count of the rows, and records of Kafka that are read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline_defs import ledger
from pipeline_defs.database import Database, Row, Session
from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.nothing_lost import gaps, reading
from pipeline_defs.nothing_lost.counting import count_rows
from pipeline_defs.nothing_lost.gaps import GapCheck
from pipeline_defs.nothing_lost.reading import Limits, Reader, Record, Stretch

RecordId = tuple[int, int]  # partition and offset

_RECORDS_PER_PARTITION = 20
# One batch at a time: what was not asked for may be too large.
_LIMITS = Limits(seconds=5, records=1000, bytes=8 * 2**20, fetch_bytes=1)


@dataclass(frozen=True)
class Sample:
    """Some of the newest records, read again.

    Attributes:
        outcomes: what became of each, by partition and offset.
        too_large: those that could not be read again.
        problem: why there are none, where there should be.
    """

    outcomes: Mapping[RecordId, str]
    too_large: Sequence[RecordId] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What the check looks at.

    Attributes:
        ledger: all rows of the topic.
        count: when the rows of `users` were last counted, and what the books said then.
        deleted: offsets that retention deleted unread, and nobody has acknowledged.
        passed_over: gaps of the ledger that hold a record, and nobody has acknowledged.
        acknowledged_at: until when somebody knows of losses and new incarnations.
        gaps: those that were read again this time.
        sample: of the newest records.
    """

    ledger: Sequence[Row]
    count: Row
    deleted: Sequence[Row]
    passed_over: Sequence[Row]
    acknowledged_at: datetime | None
    gaps: GapCheck
    sample: Sample


def collect(database: Database, topic: Topic, read: Reader = reading.read) -> Evidence:
    """Read everything, the ledger before Kafka: only what it has passed is looked for.

    Args:
        database: PostgreSQL.
        topic: whose records are read again.
        read: reads them.

    Raises:
        DatabaseError: PostgreSQL doesn't answer.
    """
    with database.session() as session:
        rows = session.run("proof_ledger", topic=topic.name)
        count = count_rows(session)
        try:
            incarnation = ledger.present_life(rows, topic.describe().topic_id)
        except TopicError as error:
            gap_check, sample = GapCheck(), Sample({}, problem=str(error))
        else:
            gap_check = gaps.check(session, topic, incarnation, read)
            sample = _take_sample(session, topic, incarnation, rows, read)
        return Evidence(
            ledger=rows,
            count=count,
            deleted=session.run("proof_deleted"),
            passed_over=session.run("proof_passed_over"),
            acknowledged_at=session.run("proof_known")[0]["acknowledged_at"],
            gaps=gap_check,
            sample=sample,
        )


def newest(rows: Sequence[Row]) -> list[Stretch]:
    """Return, for each row of the ledger, the newest offsets that it has passed."""
    return [
        Stretch(
            row["partition"], max(row["first_offset"], row["next_offset"] - _RECORDS_PER_PARTITION), row["next_offset"]
        )
        for row in rows
        if row["next_offset"] > row["first_offset"]
    ]


def leave_out(stretches: Sequence[Stretch], records: set[RecordId]) -> list[Stretch]:
    """Return what is left of stretches without some records."""
    left: list[Stretch] = []
    for stretch in stretches:
        holes = sorted(offset for partition, offset in records if partition == stretch.partition)
        first = stretch.first
        for offset in (*(hole for hole in holes if stretch.first <= hole < stretch.end), stretch.end):
            if offset > first:
                left.append(Stretch(stretch.partition, first, offset))
            first = offset + 1
    return left


def locate(
    record: Record, people: Mapping[str, Row], rejected: Mapping[RecordId, str | None], erased_at: datetime | None
) -> str:
    """Return what became of a record.

    Args:
        record: as Kafka holds it.
        people: rows of `users` by uuid.
        rejected: rejected records, with what they were replayed as.
        erased_at: when rows were last erased on purpose: a record from before may have been one of them.

    Returns:
        `row`, `duplicate`, `rejected` or `erased`; `nowhere` or `twice`, which must not be.
    """
    place, person = (record.partition, record.offset), record.person
    row = people.get(person.uuid) if person else None
    is_row = row is not None and (row["kafka_partition"], row["kafka_offset"]) == place
    if place in rejected:
        return "twice" if is_row and rejected[place] is None else "rejected"
    if is_row:
        return "row"
    if row is not None and person is not None and row["email"] == person.email:
        return "duplicate"
    return "erased" if erased_at is not None and record.timestamp < erased_at else "nowhere"


def _take_sample(session: Session, topic: Topic, incarnation: str, rows: Sequence[Row], read: Reader) -> Sample:
    stretches = newest([row for row in rows if row["topic_id"] == incarnation])
    rejected_rows = _rejected_in(session, incarnation, stretches)
    rejected: dict[RecordId, str | None] = {
        (row["partition"], row["offset"]): row["replayed_as"] for row in rejected_rows
    }
    # Whatever ended a task, or took more memory than a task has, is not read again: it is where it belongs.
    unprocessable = {(row["partition"], row["offset"]) for row in rejected_rows if row["reason"] == "unprocessable"}
    try:
        passages = read(topic, leave_out(stretches, unprocessable), _LIMITS)
    except TopicError as error:
        return Sample({}, problem=str(error))
    records = [record for passage in passages for record in passage.records]
    uuids = [record.person.uuid for record in records if record.person]
    people = {row["uuid"]: row for row in session.run("proof_people", uuids=uuids)}
    # Asked last: whoever erased a row that is missing did so before.
    erased_at = session.run("proof_known")[0]["erased_at"]
    outcomes = {(record.partition, record.offset): locate(record, people, rejected, erased_at) for record in records}
    too_large = {
        (passage.stretch.partition, max(passage.through, passage.low or 0))
        for passage in passages
        if passage.is_too_large
    }
    known = unprocessable | (too_large & set(rejected))
    return Sample({**outcomes, **dict.fromkeys(known, "rejected")}, sorted(too_large - known))


def _rejected_in(session: Session, incarnation: str, stretches: Sequence[Stretch]) -> list[Row]:
    if not stretches:
        return []
    return session.run(
        "proof_rejected",
        topic_id=incarnation,
        partitions=[stretch.partition for stretch in stretches],
        from_offsets=[stretch.first for stretch in stretches],
        to_offsets=[stretch.end for stretch in stretches],
    )
