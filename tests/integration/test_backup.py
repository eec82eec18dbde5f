"""The page on backup and restore, executed: dump, go on, restore, and Kafka refills what is missing."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.integration.stack import ROOT, Stack
from tests.support.records import person
from tests.waiting import until

_COMMANDS = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "backup-and-restore.md").read_text(), re.DOTALL)
_PEOPLE = 30


def execute(stack: Stack, commands: str, folder: Path) -> None:
    completed = subprocess.run(
        ["bash", "-euc", commands.replace("/path/to", str(folder))],
        cwd=ROOT,
        env=os.environ | stack.settings,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr


def send(stack: Stack) -> tuple[list[str], bytes]:
    """Send thirty people and a record that is none, and wait until the tables have them."""
    uuids, bad = [str(uuid4()) for _ in range(_PEOPLE)], f"no person {uuid4()}".encode()
    people = [person("login.uuid", uuid) for uuid in uuids]
    stack.produce((None, value) for value in [*people, bad])
    until(lambda: has(stack, uuids, bad), "the people in users", 600)
    return uuids, bad


def places(stack: Stack, uuids: list[str]) -> dict[str, tuple[int, int]]:
    rows = stack.query(
        "SELECT uuid::text, kafka_partition, kafka_offset FROM users WHERE uuid = ANY(%(uuids)s::uuid[])", uuids=uuids
    )
    return {row["uuid"]: (row["kafka_partition"], row["kafka_offset"]) for row in rows}


def rejections(stack: Stack, bad: bytes) -> list[dict[str, Any]]:
    return stack.query('SELECT partition, "offset" FROM rejected_records WHERE payload = %(bad)s', bad=bad)


def has(stack: Stack, uuids: list[str], bad: bytes) -> bool:
    return len(places(stack, uuids)) == len(uuids) and len(rejections(stack, bad)) == 1


def test_a_restore_goes_on_from_the_older_ledger_and_kafka_refills(stack: Stack, tmp_path: Path) -> None:
    back_up, stop, restore, start = _COMMANDS
    before, bad_before = send(stack)
    execute(stack, back_up, tmp_path)
    after, bad_after = send(stack)
    expected = places(stack, before + after), rejections(stack, bad_before), rejections(stack, bad_after)
    consumed = stack.one("SELECT sum(next_offset) FROM stream_offsets")

    execute(stack, stop, tmp_path)
    until(lambda: stack.one("SELECT wanted FROM stream_state") == "stopped", "the stream wanted stopped")
    until(lambda: not stack.spark_master().cluster().drivers, "the stream's end", 600)
    execute(stack, restore, tmp_path)
    assert stack.one("SELECT sum(next_offset) FROM stream_offsets") < consumed
    execute(stack, start, tmp_path)

    until(lambda: has(stack, before + after, bad_after), "what is missing, from Kafka", 600)
    found = places(stack, before + after), rejections(stack, bad_before), rejections(stack, bad_after)
    assert found == expected
    until(lambda: stack.one("SELECT sum(next_offset) FROM stream_offsets") >= consumed, "the ledger where it was", 600)
    assert not stack.query(
        "SELECT 1 FROM stream_offsets WHERE inserted + duplicates + rejected + skipped <> next_offset - first_offset"
    )
    counted = stack.one("SELECT coalesce(max(counted_at), '-infinity') FROM users_counted")
    until(
        lambda: stack.query("SELECT 1 FROM users_counted WHERE counted_at > %(at)s", at=counted),
        "a count after the restore",
        600,
    )
    until(lambda: stack.check("users", "nothing_lost") == "passed", "nothing_lost green", 600)
