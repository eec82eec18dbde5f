"""Records of Kafka, read again by a process of its own: bounded in time, records, bytes and memory."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.nothing_lost import reader

# The process begins, ends, and Kafka's client waits for an answer under way.
_GRACE_SECONDS = 5.0


class Stretch(NamedTuple):
    """Offsets of a partition: the first, and the one after the last."""

    partition: int
    first: int
    end: int


class Person(NamedTuple):
    """What identifies a person in a record: plain Python reads it, and not the stream's parser."""

    uuid: str
    email: str


@dataclass(frozen=True)
class Record:
    """One record as it stands in Kafka; `person` is None where nobody can be made out."""

    partition: int
    offset: int
    timestamp: datetime
    person: Person | None


@dataclass
class Passage:
    """What was read of a stretch.

    Attributes:
        stretch: what was asked for.
        low: the first offset that Kafka has of the partition; None where the stretch was not begun.
        through: every record of the stretch before that offset is among `records`.
        records: by offset.
        is_too_large: the next record can't be read within the memory that there is for it.
    """

    stretch: Stretch
    low: int | None = None
    through: int = 0
    records: list[Record] = field(default_factory=list)
    is_too_large: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether the whole stretch was read."""
        return self.through >= self.stretch.end


@dataclass(frozen=True)
class Limits:
    """When to end: after so much time, so many records, so many bytes of values; how much to fetch at once."""

    seconds: float
    records: int
    bytes: int
    fetch_bytes: int


Reader = Callable[[Topic, Sequence[Stretch], Limits], list[Passage]]
Run = Callable[[reader.Request], tuple[Iterable[str], int]]


def run(request: reader.Request) -> tuple[list[str], int]:
    """Run the program that reads, and return the lines that it answered and its return code.

    Raises:
        TopicError: it ended by an error of its own.
    """
    program = [sys.executable, "-P", str(Path(reader.__file__))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate(json.dumps(request), timeout=request["seconds"] + _GRACE_SECONDS)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            code = 0
    if code > 0:
        last = errors.strip().rpartition("\n")[2]
        raise TopicError(f"Kafka topic {request['topic']} can't be read: the reader ended with {code} ({last}).")
    # The last line may be cut off.
    return [line for line in output.splitlines() if line.endswith("]")], code


def read(topic: Topic, stretches: Sequence[Stretch], limits: Limits, run: Run = run) -> list[Passage]:
    """Read stretches one after the other, as far as the limits allow, and return what was read of each.

    Args:
        topic: whose records are read, those of open and aborted transactions excepted.
        stretches: what to read.
        limits: when to end.
        run: runs the program that reads.

    Raises:
        TopicError: Kafka gives no answer.
    """
    passages = [Passage(stretch, through=stretch.first) for stretch in stretches]
    deadline = time.monotonic() + limits.seconds
    begun = 0
    while begun < len(passages) and (seconds := deadline - time.monotonic()) > 0:
        left = passages[begun:]
        lines, code = run(
            {
                "bootstrap_servers": topic.bootstrap_servers,
                "topic": topic.name,
                "stretches": [passage.stretch for passage in left],
                "fetch_bytes": limits.fetch_bytes,
                "seconds": seconds,
                "records": limits.records,
                "bytes": limits.bytes,
            }
        )
        last = _take(topic, left, lines)
        if code == 0 or last is None:
            break
        # A batch took more memory than there was, and the process died of it.
        left[last].is_too_large = not left[last].is_complete
        begun += last + 1
    if passages and all(passage.low is None for passage in passages):
        raise TopicError(f"Kafka topic {topic.name} at {topic.bootstrap_servers} gave no record in time.")
    return passages


def _take(topic: Topic, passages: Sequence[Passage], lines: Iterable[str]) -> int | None:
    """Take the answers in, and return the number of the stretch that was begun last."""
    last = None
    for kind, *values in map(json.loads, lines):
        if kind == "failed":
            raise TopicError(f"Kafka topic {topic.name} at {topic.bootstrap_servers} can't be read: {values[0]}.")
        last, *rest = values
        passage = passages[last]
        if kind == "stands":
            passage.low = rest[0]
        elif kind == "record":
            offset, milliseconds, uuid, email = rest
            timestamp = datetime.fromtimestamp(milliseconds / 1000, UTC)
            person = None if uuid is None else Person(uuid, email)
            passage.records.append(Record(passage.stretch.partition, offset, timestamp, person))
            passage.through = offset + 1
        elif kind == "through":
            passage.through = max(passage.through, rest[0])
        elif kind == "too_large":
            passage.is_too_large = True
    return last
