"""Offsets that hold nobody: markers of transactions, and records that retention took before they were read."""

from uuid import uuid4

from tests.integration import kafka, proof, stream
from tests.integration.cases import person
from tests.integration.kafka import Headers
from tests.integration.stack import TOPIC, Stack
from tests.waiting import until

_PEOPLE = 30
_SKIPPED = """
SELECT partition, from_offset, to_offset FROM skipped_offsets
WHERE reason = %(reason)s AND noticed_at > %(since)s ORDER BY partition
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
