"""Offsets that the ledger passed over as empty, read again: is a record there after all?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from pipeline_defs.database import Row, Session
from pipeline_defs.kafka_topic import Topic, TopicError
from pipeline_defs.nothing_lost.reading import Limits, Passage, Reader, Stretch

# A producer with transactions leaves a gap of one offset for each of them and each partition.
MOST_GAPS = 5000
# To read on costs less than to begin again: gaps with no more records than that between them are read in one go.
_RECORDS_BETWEEN = 1000
_IN_ONE_GO = Limits(seconds=5, records=50_000, bytes=64 * 2**20, fetch_bytes=2**18)
# Where a batch is too large for that: only the batches of the gaps, one at a time.
_ONE_BY_ONE = Limits(seconds=3, records=1000, bytes=64 * 2**20, fetch_bytes=1)


class Gap(NamedTuple):
    """Offsets of a partition, both ends included, and for how many seconds they have waited to be read again."""

    topic_id: str
    partition: int
    first: int
    last: int
    age: float


class Fate(Enum):
    """What was seen of a gap."""

    EMPTY = "no record is there"
    RECORD = "a record is there"
    UNREADABLE = "Kafka has it no more, or what it has is too large"
    WAITING = "not read yet"


@dataclass(frozen=True)
class GapCheck:
    """What was done about gaps.

    Attributes:
        empty: read again and empty.
        unreadable: can't be read any more.
        waiting: left for the next evaluation; more than these, where there are more than are read at once.
        oldest_seconds: for how long one of those that are left has waited.
        problem: why none was read, where there was one to read.
    """

    empty: int = 0
    unreadable: int = 0
    waiting: int = 0
    oldest_seconds: float = 0
    problem: str | None = None


def check(session: Session, topic: Topic, incarnation: str, read: Reader) -> GapCheck:
    """Read the oldest gaps again that were not yet, and write down what was seen of each.

    Args:
        session: of PostgreSQL.
        topic: whose records are read.
        incarnation: the ledger's name of the topic as it is now; of an earlier one, Kafka has nothing.
        read: reads records.
    """
    rows = session.run("proof_gaps", topic=topic.name, most=MOST_GAPS)
    gaps = [_gap(row) for row in rows]
    present = [gap for gap in gaps if gap.topic_id == incarnation]
    try:
        passages = _read(topic, present, read)
    except TopicError as error:
        return GapCheck(waiting=len(gaps), oldest_seconds=gaps[0].age, problem=str(error))
    fates = dict.fromkeys(gaps, Fate.UNREADABLE) | {gap: fate(gap, passages[gap]) for gap in present}
    _write_down(session, fates, passages)
    waiting = [gap for gap in gaps if fates[gap] is Fate.WAITING]
    # Those that were not asked for are about as old as the last of those that were.
    left = waiting or (gaps[-1:] if len(gaps) == MOST_GAPS else [])
    seen = [*fates.values()]
    return GapCheck(
        seen.count(Fate.EMPTY), seen.count(Fate.UNREADABLE), len(waiting), max((gap.age for gap in left), default=0)
    )


def fate(gap: Gap, passage: Passage) -> Fate:
    """Return what a passage shows of a gap in it."""
    if first_record(gap, passage) is not None:
        return Fate.RECORD
    if passage.low is None:
        return Fate.WAITING
    if passage.low > gap.last:
        return Fate.UNREADABLE
    if passage.through > gap.last:
        return Fate.EMPTY if passage.low <= gap.first else Fate.UNREADABLE
    return Fate.UNREADABLE if passage.is_too_large else Fate.WAITING


def first_record(gap: Gap, passage: Passage) -> int | None:
    """Return the first offset of the gap at which there is a record."""
    return next((record.offset for record in passage.records if gap.first <= record.offset <= gap.last), None)


def merge(gaps: Iterable[Gap]) -> dict[Stretch, list[Gap]]:
    """Return the stretches that hold the gaps, neighbours in one, by partition and offset."""
    merged: list[list[Gap]] = []
    for gap in sorted(gaps, key=lambda gap: (gap.partition, gap.first)):
        last = merged[-1][-1] if merged else None
        if last and last.partition == gap.partition and gap.first - last.last - 1 <= _RECORDS_BETWEEN:
            merged[-1].append(gap)
        else:
            merged.append([gap])
    return {Stretch(group[0].partition, group[0].first, group[-1].last + 1): group for group in merged}


def _read(topic: Topic, gaps: Sequence[Gap], read: Reader) -> dict[Gap, Passage]:
    """Return the passage that shows each gap."""
    merged = merge(gaps)
    passages = read(topic, list(merged), _IN_ONE_GO)
    shown = {gap: passage for passage in passages for gap in merged[passage.stretch]}
    # A record between two gaps may be too large where the gaps are not.
    again = [gap for gap, passage in shown.items() if passage.is_too_large and passage.through <= gap.last]
    alone = read(topic, [Stretch(gap.partition, gap.first, gap.last + 1) for gap in again], _ONE_BY_ONE)
    for gap, passage in zip(again, alone, strict=True):
        shown[gap] = passage if passage.low is not None else Passage(passage.stretch)
    return shown


def _write_down(session: Session, fates: dict[Gap, Fate], passages: dict[Gap, Passage]) -> None:
    over = [gap for gap, seen in fates.items() if seen in (Fate.EMPTY, Fate.UNREADABLE)]
    if over:
        session.run("proof_gaps_checked", **_places(over))
    full = [gap for gap, seen in fates.items() if seen is Fate.RECORD]
    if full:
        offsets = [first_record(gap, passages[gap]) for gap in full]
        session.run("proof_gaps_refuted", record_offsets=offsets, **_places(full))


def _places(gaps: Sequence[Gap]) -> dict[str, object]:
    return {
        "topic_ids": [gap.topic_id for gap in gaps],
        "partitions": [gap.partition for gap in gaps],
        "from_offsets": [gap.first for gap in gaps],
    }


def _gap(row: Row) -> Gap:
    return Gap(row["topic_id"], row["partition"], row["from_offset"], row["to_offset"], row["age"])
