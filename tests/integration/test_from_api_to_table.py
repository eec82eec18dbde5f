"""People travel through the real Kafka, Spark and PostgreSQL, and arrive as what their JSON says."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration import kafka
from tests.integration.stack import ROOT, Stack
from tests.support import reading
from tests.waiting import until


def rows_of(stack: Stack, uuids: list[str]) -> dict[str, dict[str, Any]]:
    rows = stack.query("SELECT * FROM users WHERE uuid = ANY(%(uuids)s::uuid[])", uuids=uuids)
    return {str(row["uuid"]): row for row in rows}


def people_of(recording: Path) -> dict[str, bytes]:
    people = json.loads(recording.read_bytes())["results"]
    return {person["login"]["uuid"]: json.dumps(person, ensure_ascii=False).encode() for person in people}


def compare(people: dict[str, bytes], rows: dict[str, dict[str, Any]]) -> None:
    for uuid, person in people.items():
        expected = reading.row(person)
        arrived = {column: rows[uuid][column] for column in reading.COLUMNS}
        assert arrived == expected


@pytest.mark.parametrize("recording", reading.RECORDINGS, ids=lambda path: path.name)
def test_recorded_people_arrive_field_by_field(stack: Stack, recording: Path) -> None:
    people = people_of(recording)
    stack.produce((uuid.encode(), raw) for uuid, raw in people.items())
    rows = until(
        lambda: found if len(found := rows_of(stack, list(people))) == len(people) else None,
        f"the {len(people)} people of {recording.name} in users",
    )
    compare(people, rows)


def test_a_tick_by_hand_arrives_field_by_field(stack: Stack) -> None:
    before = {record.key for record in stack.records()}
    stack.dagster("job", "launch", "-w", "workspace.yaml", "-j", "produce_random_users")

    def ten_by_hand() -> list[kafka.Record] | None:
        new = [record for record in stack.records() if record.key not in before]
        by_hand = [record for record in new if record.headers and not record.headers["slot"]]
        return by_hand if len(by_hand) >= 10 else None

    records = until(ten_by_hand, "the ten records of a tick by hand")
    assert len(records) == 10
    for record in records:
        assert record.headers["source"].startswith(b"http")
        assert record.headers["run"]
        assert record.headers["fetched_at"]
    people = {(record.key or b"").decode(): record.value or b"" for record in records}
    rows = until(
        lambda: found if len(found := rows_of(stack, list(people))) == len(people) else None, "the ten people in users"
    )
    compare(people, rows)
    for record in records:
        row = rows[(record.key or b"").decode()]
        assert (row["kafka_partition"], row["kafka_offset"]) == (record.partition, record.offset)


def test_every_person_of_every_emitted_slot_is_accounted_for(stack: Stack) -> None:
    until(lambda: stack.one("SELECT count(*) FROM slots WHERE outcome = 'emitted'") >= 2, "two emitted slots")
    lost = (ROOT / "sql" / "statements" / "slots_lost_people.sql").read_text()
    until(lambda: not stack.query(lost), "the people of the emitted slots in users or rejected_records")


def test_a_record_that_is_no_person_is_rejected_and_the_rest_goes_on(stack: Stack) -> None:
    alone = uuid4().hex  # other tests of this stack send records of these kinds too
    bad = [(None, f"<html>502, {alone}</html>".encode()), (None, json.dumps({"error": f"Uh oh, {alone}"}).encode())]
    stack.produce(bad)

    def both() -> list[dict[str, Any]] | None:
        found = stack.query(
            "SELECT payload, reason, detail FROM rejected_records WHERE payload = ANY(%(payloads)s)",
            payloads=[value for _, value in bad],
        )
        return found if len(found) == len(bad) else None

    rejected = until(both, "the two records in rejected_records")
    assert {bytes(row["payload"]) for row in rejected} == {value for _, value in bad}
    assert all(row["reason"] and row["detail"] for row in rejected)
