"""A record that was rejected on its way through Kafka and Spark becomes a row when the cause is gone."""

import json
from typing import Any
from uuid import uuid4

from tests.integration.stack import Stack
from tests.support.records import PERSON
from tests.waiting import until

_REJECTED = """
SELECT reason, partition, "offset", replayed_as FROM rejected_records WHERE payload = %(payload)s
"""


def person(uuid: str, email: str) -> bytes:
    return json.dumps(PERSON | {"login": {"uuid": uuid}, "email": email}).encode()


def replay(stack: Stack, config: dict[str, Any]) -> dict[str, Any]:
    """Replay from the command line, and give the replay's row when its run has succeeded."""
    before = {row["id"] for row in stack.query("SELECT id FROM replays")}
    run_config = json.dumps({"ops": {"replay": {"config": config}}})
    stack.dagster("job", "launch", "-w", "workspace.yaml", "-j", "replay_rejected", "--config-json", run_config)

    def over() -> dict[str, Any] | None:
        [row] = [row for row in stack.query("SELECT * FROM replays") if row["id"] not in before] or [{}]
        return row if row.get("outcome") else None

    row = until(over, "the end of the replay")
    run_id = row["requested_by"].rpartition(" ")[2]
    until(lambda: stack.run_status(run_id) in {"SUCCESS", "FAILURE"}, "the end of its run")
    assert stack.run_status(run_id) == "SUCCESS", row
    return row


def test_conflict_that_is_gone(stack: Stack) -> None:
    """It is replayed once, beside the stream, and the ledger's totals stay."""
    uuid, bad = str(uuid4()), f"no person {uuid4()}".encode()
    first, second = person(uuid, "first@example.com"), person(uuid, "second@example.com")
    stack.produce([(None, first)])
    until(lambda: stack.query("SELECT 1 FROM users WHERE uuid = %(uuid)s", uuid=uuid), "the first person")
    stack.produce([(None, second), (None, bad)])
    [rejected] = until(lambda: stack.query(_REJECTED, payload=second), "the second one in rejected_records")
    assert rejected["reason"] == "uuid_conflict"
    until(lambda: stack.query(_REJECTED, payload=bad), "the bad one in rejected_records")
    stack.query("DELETE FROM users WHERE uuid = %(uuid)s", uuid=uuid)
    ledger = stack.one("SELECT sum(rejected) FROM stream_offsets")

    done = replay(stack, {"reason": "uuid_conflict", "partition": rejected["partition"]})
    assert (done["outcome"], done["inserted"]) == ("done", 1), done
    [row] = stack.query("SELECT email, kafka_partition, kafka_offset FROM users WHERE uuid = %(uuid)s", uuid=uuid)
    assert tuple(row.values()) == ("second@example.com", rejected["partition"], rejected["offset"])
    assert stack.query(_REJECTED, payload=second)[0]["replayed_as"] == "inserted"

    again = replay(stack, {})
    assert (again["inserted"], again["duplicates"]) == (0, 0)
    assert again["still_rejected"] == again["found"] >= 1
    assert stack.query(_REJECTED, payload=bad)[0]["replayed_as"] is None
    assert stack.one("SELECT sum(rejected) FROM stream_offsets") >= ledger
