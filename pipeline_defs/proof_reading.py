"""Reads what the check nothing_lost judges: the ledger, a count of the rows, some of the newest records of Kafka."""

from collections.abc import Mapping, Sequence

from pipeline_defs import kafka_reading, ledger
from pipeline_defs.database import Database, DatabaseError, Row, Session
from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.proof import Place, Sample, Seen, found_at, person_in

_RECORDS_PER_PARTITION = 20
_COUNT_SECONDS = 10


def look(database: Database, topic: Topic) -> Seen:
    """Read everything, the ledger before Kafka: only what it has passed is looked for.

    Raises:
        DatabaseError: PostgreSQL doesn't answer.
    """
    with database.session() as session:
        rows = session.run("proof_ledger", topic=topic.name)
        known = session.run("proof_known")[0]
        return Seen(
            ledger=rows,
            count=_count(session),
            deleted=session.run("proof_deleted"),
            acknowledged_at=known["acknowledged_at"],
            sample=_sample(session, topic, rows),
        )


def _count(session: Session) -> Row:
    last = session.run("proof_last_count")
    if last:
        return last[0]
    try:
        return session.run("proof_count")[0]
    except DatabaseError as error:
        if "statement timeout" not in str(error):
            raise
        return session.run("proof_count_missed", seconds=_COUNT_SECONDS)[0]


def _sample(session: Session, topic: Topic, rows: Sequence[Row]) -> Sample:
    try:
        life = ledger.present_life(rows, topic.describe().topic_id)
        ranges = newest({row["partition"]: row for row in rows if row["topic_id"] == life})
        records = kafka_reading.read(topic.bootstrap_servers, topic.name, ranges)
    except TopicError as error:
        return Sample({}, str(error))
    people = {record: person_in(record.value) for record in records}
    uuids = [person.uuid for person in people.values() if person]
    rows_by_uuid = {row["uuid"]: row for row in session.run("proof_people", uuids=uuids)}
    partitions, offsets = [record.partition for record in records], [record.offset for record in records]
    rejected: dict[Place, str | None] = {
        (row["partition"], row["offset"]): row["replayed_as"]
        for row in session.run("proof_rejected", topic_id=life, partitions=partitions, offsets=offsets)
    }
    # Asked last: whoever erased a row that was not found did so before.
    erased_at = session.run("proof_known")[0]["erased_at"]
    return Sample(
        {(record.partition, record.offset): found_at(record, rows_by_uuid, rejected, erased_at) for record in records}
    )


def newest(ledger_rows: Mapping[int, Row]) -> dict[int, tuple[int, int]]:
    """Give, by partition, the newest offsets that the ledger has passed."""
    return {
        partition: (max(row["first_offset"], row["next_offset"] - _RECORDS_PER_PARTITION), row["next_offset"])
        for partition, row in sorted(ledger_rows.items())
        if row["next_offset"] > row["first_offset"]
    }
