"""What is measured, in blocks: each is done in 25 minutes, and goes on where it was when it is called again."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.contenders.connect import Connect
from bench.contenders.consumer import HandWritten
from bench.contenders.contender import Contender
from bench.contenders.jdbc import JdbcAppend
from bench.contenders.pipeline import Pipeline
from bench.contenders.psql import Psql
from bench.load import Backlog, Rate

RECORDS = 600_000
QUICK_RECORDS = 200_000
VARIANT_RECORDS = 300_000
# In a micro-batch of every contender that has them.
RECORDS_PER_BATCH = 50_000

JDBC, TUNED, CONNECT = JdbcAppend(), JdbcAppend(tuned=True), Connect()
CONSUMER, CONSUMERS, PSQL, PIPELINE = HandWritten(), HandWritten(3), Psql(), Pipeline()
CONTENDERS: Sequence[Contender] = (JDBC, TUNED, CONNECT, CONSUMER, CONSUMERS, PSQL, PIPELINE)

# Ten people every 25 seconds are what the schedule sends.
SLOW = Rate(burst=10, pause_seconds=25, bursts=12)
RATES = (
    Rate(burst=1, pause_seconds=1 / 20, bursts=1200),
    Rate(burst=1, pause_seconds=1 / 200, bursts=12_000),
    Rate(burst=5, pause_seconds=5 / 1000, bursts=12_000),
)


@dataclass(frozen=True)
class Throughput:
    """Contenders against a backlog; every repeat runs all of them."""

    name: str
    title: str
    runs: tuple[tuple[Contender, Backlog], ...]
    repeats: int = 3


@dataclass(frozen=True)
class Latency:
    """Contenders at a steady rate."""

    name: str
    title: str
    runs: tuple[tuple[Contender, Rate], ...]
    repeats: int = 1


@dataclass(frozen=True)
class Recovery:
    """How long the stream takes to start, and to come back."""

    name: str
    title: str
    repeats: int = 5


Block = Throughput | Latency | Recovery


def _all(backlog: Backlog) -> tuple[tuple[Contender, Backlog], ...]:
    return tuple((contender, backlog) for contender in CONTENDERS)


def _alone(*backlogs: Backlog) -> tuple[tuple[Contender, Backlog], ...]:
    return tuple((PIPELINE, backlog) for backlog in backlogs)


_QUICK = Backlog(QUICK_RECORDS)
_PLAIN = Backlog(VARIANT_RECORDS)

QUICK = Throughput("quick", "In short", ((JDBC, _QUICK), (CONSUMER, _QUICK), (PIPELINE, _QUICK)))
BLOCKS: Sequence[Block] = (
    Throughput("zstd", "All contenders, zstd", _all(Backlog(RECORDS))),
    Throughput("gzip", "All contenders, gzip", _all(Backlog(RECORDS, "gzip"))),
    Latency("latency", "From acknowledgement to row", tuple((c, r) for r in RATES for c in (JDBC, CONSUMER, PIPELINE))),
    Latency("latency-slow", "Ten every 25 seconds", tuple((c, SLOW) for c in (JDBC, CONSUMER, PIPELINE))),
    Recovery("recovery", "Start and repair"),
    Throughput("codecs", "Codecs", _alone(_PLAIN, Backlog(VARIANT_RECORDS, "gzip"), Backlog(VARIANT_RECORDS, "lz4"))),
    Throughput(
        "input",
        "Poison and duplicates",
        _alone(_PLAIN, Backlog(VARIANT_RECORDS, poison=0.1), Backlog(VARIANT_RECORDS, duplicates=0.01)),
    ),
    Throughput("partitions", "Partitions", _alone(_PLAIN, Backlog(VARIANT_RECORDS, partitions=12))),
    Throughput("rows", "Rows from before", _alone(_PLAIN, Backlog(VARIANT_RECORDS, rows_before=5_000_000))),
)
