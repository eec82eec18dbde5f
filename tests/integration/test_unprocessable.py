"""A record that no task survives costs one record, at the memory that is shipped."""

import json
from uuid import uuid4

from tests.integration import kafka
from tests.integration.stack import TOPIC, Stack
from tests.support.records import person
from tests.waiting import until

_ROW = "SELECT length(picture_large) AS length FROM users WHERE uuid = %(uuid)s"
_SET_ASIDE = """
SELECT detail, octet_length(payload) AS kept FROM rejected_records
WHERE reason = 'unprocessable' AND partition = %(partition)s AND "offset" = %(offset)s
"""
_SECONDS = 900.0


def inflating(megabytes: int) -> tuple[str, bytes]:
    """Return a person with a picture's address of so many megabytes, which compress to next to nothing."""
    uuid = str(uuid4())
    document = json.loads(person("login.uuid", uuid))
    document["picture"]["large"] = "a" * megabytes * 10**6
    return uuid, json.dumps(document).encode()


def test_20_megabytes_are_a_row(stack: Stack) -> None:
    uuid, value = inflating(20)
    kafka.produce(stack.bootstrap_servers, TOPIC, [(uuid.encode(), value)], compression="gzip")
    until(lambda: stack.query(_ROW, uuid=uuid), "a row", _SECONDS)


def test_300_megabytes_are_set_aside(stack: Stack) -> None:
    uuid, value = inflating(300)
    [(partition, offset)] = kafka.produce(stack.bootstrap_servers, TOPIC, [(uuid.encode(), value)], compression="gzip")
    [record] = until(
        lambda: stack.query(_SET_ASIDE, partition=partition, offset=offset), "the record is set aside", _SECONDS
    )
    assert record["kept"] == 2**20
    assert f"Size {len(value)} bytes, SHA-256 " in record["detail"]
    until(lambda: stack.check("users", "nothing_lost") == "passed", "nothing_lost is green", _SECONDS)
