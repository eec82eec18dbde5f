"""What the ledger says of the stream's work: totals, how far they moved, and the lag behind Kafka's ends."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from pipeline_defs.database import Row


@dataclass(frozen=True)
class Totals:
    """The ledger's totals over all partitions and incarnations of the topic."""

    consumed: int = 0
    inserted: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: int = 0

    def since(self, before: "Totals") -> "Totals":
        """Give how far the totals moved since an earlier reading."""
        return Totals(*(now - then for now, then in zip(asdict(self).values(), asdict(before).values(), strict=True)))


@dataclass(frozen=True)
class Position:
    """What `users_observer` remembers between two looks.

    Attributes:
        totals: the ledger's totals at the last report.
        row_count: the rows of `users` when they were last counted.
        inserted_at_count: the ledger's `inserted` at that moment: rows now = row_count + what was inserted since.
        counted_at: when that was, in epoch seconds.
        last_id: the largest id of `users` whose latency was reported.
        reached: the ledger's `next_offset` at the last report, by topic id and partition, as `place()` spells them.
    """

    totals: Totals
    row_count: int
    inserted_at_count: int
    counted_at: float
    last_id: int
    reached: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of `users` by count and ledger."""
        return self.row_count + self.totals.inserted - self.inserted_at_count


def totals(rows: Sequence[Row]) -> Totals:
    """Add up the ledger's rows."""
    kinds = ("inserted", "duplicates", "rejected", "skipped")
    sums = {kind: sum(row[kind] for row in rows) for kind in kinds}
    return Totals(consumed=sum(sums.values()), **sums)


def present_life(rows: Sequence[Row], kafka_topic_id: str) -> str:
    """Give the ledger's name of the topic's present life.

    Later lives of one Kafka topic are `id~2`, `id~3`: its end fell back without the topic being made anew.
    """
    lives = {row["topic_id"] for row in rows if row["topic_id"].partition("~")[0] == kafka_topic_id}
    return max(lives, key=lambda life: int(life.partition("~")[2] or 1), default=kafka_topic_id)


def lag(rows: Sequence[Row], kafka_topic_id: str, end_offsets: Mapping[int, int]) -> dict[int, int]:
    """Give the records not yet consumed, by partition; a partition without a ledger row counts from offset 0."""
    reached = next_offsets(rows, kafka_topic_id)
    return {number: max(0, end - reached.get(number, 0)) for number, end in sorted(end_offsets.items())}


def next_offsets(rows: Sequence[Row], kafka_topic_id: str) -> dict[int, int]:
    """Give the offset that the stream reads next, by partition that has a ledger row.

    Only the topic's present life counts.
    """
    present = present_life(rows, kafka_topic_id)
    return {row["partition"]: row["next_offset"] for row in rows if row["topic_id"] == present}


def place(row: Row) -> str:
    """Name a row of the ledger."""
    return f"{row['topic_id']} {row['partition']}"


def read_cursor(cursor: str | None) -> Position | None:
    """Read what was remembered from a sensor's cursor; None from an empty or foreign one."""
    try:
        found = json.loads(cursor or "null")
        return Position(**{**found, "totals": Totals(**found["totals"])})
    except (ValueError, TypeError, KeyError):
        return None


def write_cursor(position: Position) -> str:
    """Write what is to be remembered as a sensor's cursor."""
    return json.dumps(asdict(position), sort_keys=True)
