"""Offsets that hold nobody: markers of transactions, and records that retention took before they were read."""

from uuid import uuid4

from tests.integration import kafka, proof, stream
from tests.integration.kafka import Headers
from tests.integration.stack import TOPIC, Stack
from tests.support.records import person
from tests.waiting import until

_PEOPLE = 30
_SKIPPED = """
SELECT partition, from_offset, to_offset FROM skipped_offsets
WHERE reason = %(reason)s AND noticed_at > %(since)s ORDER BY partition
"""
_UNCHECKED = """
SELECT count(*) FROM skipped_offsets
WHERE reason = 'no_record' AND noticed_at > %(since)s AND checked_at IS NULL
"""
# As a sink would have done that was never handed the record.
_LEAVE_OUT = """
INSERT INTO skipped_offsets (topic_id, partition, from_offset, to_offset, reason)
SELECT topic_id, kafka_partition, kafka_offset, kafka_offset, 'no_record'
FROM users INNER JOIN stream_offsets ON kafka_partition = partition AND kafka_offset >= first_offset
WHERE topic_id LIKE %(topic_id)s AND topic = %(topic)s
ORDER BY opened_at DESC, users.id DESC
LIMIT 1
RETURNING topic_id, partition, from_offset
"""
_FORGET = """
DELETE FROM skipped_offsets
WHERE topic_id = %(topic_id)s AND partition = %(partition)s AND from_offset = %(from_offset)s
"""


def people() -> dict[str, bytes]:
    """Make people whose keys spread over the partitions, by uuid."""
    uuids = [str(uuid4()) for _ in range(_PEOPLE)]
    return {uuid: person("login.uuid", uuid) for uuid in uuids}


def keyed(made: dict[str, bytes]) -> list[tuple[bytes | None, bytes | None]]:
    return [(uuid.encode(), value) for uuid, value in made.items()]


def rows(stack: Stack, made: dict[str, bytes]) -> set[str]:
    found = stack.query("SELECT uuid::TEXT FROM users WHERE uuid = ANY(%(uuids)s::UUID[])", uuids=list(made))
    return {row["uuid"] for row in found}


def test_the_marker_of_a_transaction_is_passed_over(stack: Stack) -> None:
    stream.wait_until_well(stack)
    since, made = stream.now(stack), people()
    partitions = kafka.produce_in_transaction(stack.bootstrap_servers, TOPIC, keyed(made))
    until(lambda: rows(stack, made) == made.keys(), "the people of the transaction in users")

    def passed() -> set[int]:
        return {row["partition"] for row in stack.query(_SKIPPED, reason="no_record", since=since)}

    until(lambda: passed() == partitions, "one marker passed over in each partition")
    assert not proof.complaint(stack)
    # The check saw no record there, or a sensor's did at the same time.
    until(lambda: stack.one(_UNCHECKED, since=since) == 0, "the markers read again")


def test_a_record_in_a_gap_is_noticed(stack: Stack) -> None:
    """A gap of the ledger where Kafka has a record: the check reads it again, and fails until somebody knows."""
    until(lambda: stack.one("SELECT count(*) FROM users") >= 10, "ten rows")
    assert not proof.complaint(stack)
    [gap] = stack.query(_LEAVE_OUT, topic=TOPIC, topic_id=f"{stack.topic_id()}%")
    try:
        sentence = f"Partition {gap['partition']}, offset {gap['from_offset']}: a record is there"
        assert sentence in proof.complaint(stack)
        assert sentence in proof.complaint(stack)
        proof.acknowledge(stack)
        assert not proof.complaint(stack)
    finally:
        stack.query(_FORGET, **gap)


def test_what_retention_deletes_unread_is_skipped_by_name_and_the_check_fails(stack: Stack) -> None:
    stream.wait_until_well(stack)
    since, made = stream.now(stack), people()
    stream.stop(stack)
    stands = stack.next_offsets()
    places = kafka.produce(stack.bootstrap_servers, TOPIC, keyed(made))
    # All but the last of ours in each partition go.
    ends = {partition: max(offset for there, offset in places if there == partition) for partition, _ in places}
    gone = [record for record in stack.records() if stands[record.partition] <= record.offset < ends[record.partition]]
    kafka.delete_records(stack.bootstrap_servers, TOPIC, ends)
    # Those of the schedule, which other tests look for, come again.
    others = [record for record in gone if (record.key or b"").decode() not in made]
    headers: list[Headers] = [[*record.headers.items()] for record in others]
    kafka.produce(stack.bootstrap_servers, TOPIC, [(record.key, record.value) for record in others], headers)
    stream.start(stack)

    left = {uuid for uuid, (partition, offset) in zip(made, places, strict=True) if offset >= ends[partition]}
    until(lambda: rows(stack, made) == left, "the people that are left in users")
    skipped = stack.query(_SKIPPED, reason="deleted_before_read", since=since)
    assert [(row["partition"], row["from_offset"], row["to_offset"]) for row in skipped] == [
        (partition, stands[partition], end - 1) for partition, end in sorted(ends.items())
    ]
    assert "Retention deleted offsets" in proof.complaint(stack)
    proof.acknowledge(stack)
    assert not proof.complaint(stack)


def test_a_time_that_spark_cannot_hold_is_refused_by_the_brokers(stack: Stack) -> None:
    [value] = list(people().values())[:1]
    assert kafka.refusal(stack.bootstrap_servers, TOPIC, value, -(10**16)) == "INVALID_TIMESTAMP"
