"""The replay of rejected records: they are parsed with today's code, and what is a row now moves into its table.

Records are moved a bounded number at a time, each time in one transaction that inserts, marks and counts. So it does
not matter where a replay is killed, nor how often one is asked for: what was moved is marked, and never moved again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

import psycopg2

from contract.contract import Contract
from contract.insertion import Candidate, insert
from contract.person import PERSON
from contract.refusals import Refusals, TableFault
from contract.rejection import REASONS, Rejection
from contract.retry import retry
from pipeline_defs.database import explained
from pipeline_defs.errors import PipelineError
from sql import statement
from sql.connection import Connection, Cursor, connect, is_transient

NAME = "replay_rejected"
RECORDS_AT_A_TIME = 2000
BYTES_AT_A_TIME = 8 * 2**20
_RETRY_SECONDS = 60

Work = TypeVar("Work")


class ReplayError(PipelineError):
    """The replay can't begin, or did not come to its end."""


class AnotherReplayError(ReplayError):
    """Another replay is at work."""


@dataclass(frozen=True)
class Request:
    """Which rejected records to read again; None asks for all. Those that were replayed before never count.

    Attributes:
        reason: their reason, a code of docs/rejected-records.md.
        rejected_from: rejected then or later.
        rejected_to: rejected before then.
        partition: of this Kafka partition.
        from_offset: from this offset on.
        to_offset: up to this offset, included.
    """

    reason: str | None = None
    rejected_from: datetime | None = None
    rejected_to: datetime | None = None
    partition: int | None = None
    from_offset: int | None = None
    to_offset: int | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in REASONS:
            raise ReplayError(f"reason is {self.reason!r}, which there is not. Write one of {', '.join(REASONS)}.")


class Result(NamedTuple):
    """What a replay has done so far, of the records that waited when it began."""

    found: int
    inserted: int = 0
    duplicates: int = 0
    still_rejected: int = 0

    def __str__(self) -> str:
        return (
            f"{self.inserted + self.duplicates + self.still_rejected} of {self.found} records: {self.inserted} "
            f"inserted, {self.duplicates} duplicates, {self.still_rejected} still rejected"
        )


class Place(NamedTuple):
    """A record's place in Kafka, in the order in which records are replayed."""

    topic_id: str
    partition: int
    offset: int


class Record(NamedTuple):
    """A rejected record."""

    place: Place
    timestamp: str | None
    payload: memoryview | None
    reason: str
    detail: str


@dataclass(frozen=True)
class Replayer:
    """Carries out replays, one call each.

    Attributes:
        url: the database, as libpq reads it.
        log: takes a sentence whenever a replay gets on.
        contract: how a record becomes a row.
        records_at_a_time: how many a transaction may hold.
        bytes_at_a_time: how large their payloads may be together; a larger record goes alone.
    """

    url: str
    log: Callable[[str], None]
    contract: Contract = PERSON
    records_at_a_time: int = RECORDS_AT_A_TIME
    bytes_at_a_time: int = BYTES_AT_A_TIME

    def run(self, request: Request, requested_by: str) -> Result:
        """Replay what is asked for, and return what was done.

        Raises:
            ReplayError: another replay is at work, or this one failed. What it moved stays moved.
            DatabaseError: PostgreSQL could not be reached for a minute, before anything was moved.
        """
        with closing(_Session(self.url)) as session:
            with explained(NAME):
                replay_id, result = session.transact(lambda cursor: _begin(cursor, request, requested_by))
            self.log(f"Replay {replay_id}: {result}.")
            try:
                for result in self._move_all(session, replay_id):
                    self.log(f"Replay {replay_id}: {result}.")
                session.transact(lambda cursor: _end(cursor, replay_id, "done"))
            except BaseException as error:
                text = (" ".join(str(error).split()) or type(error).__name__).rstrip(".") + "."
                # Tried once: a run that is being ended has no time, and the next replay notes what this one could not.
                with suppress(psycopg2.Error, AnotherReplayError):
                    session.attempt(lambda cursor: _end(cursor, replay_id, "failed", text))
                if isinstance(error, psycopg2.Error | TableFault):
                    raise ReplayError(
                        f"Replay {replay_id} failed after {result}. {text} What it moved stays moved; ask again."
                    ) from error
                raise
        return result

    def _move_all(self, session: "_Session", replay_id: int) -> Iterator[Result]:
        last = Place("", -1, -1)
        while step := session.transact(lambda cursor, last=last: self._move(cursor, replay_id, last)):
            last, result = step
            yield result

    def _move(self, cursor: Cursor, replay_id: int, last: Place) -> tuple[Place, Result] | None:
        """Move the records behind a place, and return how far that went; None where none is left."""
        limits = {"records": self.records_at_a_time, "bytes": self.bytes_at_a_time}
        cursor.execute(statement("replay_next"), {"id": replay_id, **last._asdict(), **limits})
        records = [Record(Place(*row[:3]), *row[3:]) for row in cursor.fetchall()]
        if not records:
            return None
        place = records[-1].place
        candidates, rejections = parse(self.contract, records)
        insertion = insert(cursor, self.contract, place.partition, candidates, _Uncounted(self.contract.table))
        outcomes = [
            *((offset, "inserted", None, None) for offset in insertion.inserted),
            *((offset, "duplicate", None, None) for offset in insertion.duplicates),
            *((offset, None, *rejection) for offset, rejection in (rejections | insertion.rejections).items()),
        ]
        return place, _mark(cursor, replay_id, place, outcomes)


def parse(contract: Contract, records: Sequence[Record]) -> tuple[list[Candidate], dict[int, Rejection]]:
    """Return what may be a row now, and why the others still can't, by their offsets."""
    candidates: list[Candidate] = []
    rejections: dict[int, Rejection] = {}
    for record in records:
        if record.reason == "unprocessable":
            # Of its payload only the first megabyte is there.
            rejections[record.place.offset] = Rejection(record.reason, record.detail)
            continue
        parsed = contract.parse(None if record.payload is None else bytes(record.payload))
        if isinstance(parsed, Rejection):
            rejections[record.place.offset] = parsed
        else:
            candidates.append(Candidate(record.place.offset, record.timestamp, parsed))
    return candidates, rejections


class _Uncounted(Refusals):
    """Counts no refusal: what is rejected may well be what a constraint refuses, one record after the other.

    Such a record stays where it is, so there is nothing to save by an early end.
    """

    def refuse(self, constraint: str, message: str) -> None:
        pass


class _Session:
    """A replay's one connection. It holds the right to replay, and is opened again where it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    def transact(self, work: Callable[[Cursor], Work]) -> Work:
        """Do something in one transaction, again while PostgreSQL is away for a moment."""
        return retry(lambda: self.attempt(work), _RETRY_SECONDS, Exception, self._may_pass)

    def attempt(self, work: Callable[[Cursor], Work]) -> Work:
        """Do something in one transaction.

        Raises:
            AnotherReplayError: another replay is at work.
            psycopg2.Error: PostgreSQL can't be reached, or refused.
        """
        if self._connection is None or self._connection.closed:
            self._connection = self._open()
        with self._connection, self._connection.cursor() as cursor:
            return work(cursor)

    def close(self) -> None:
        """Close the connection, which gives the right to replay back."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Connection:
        connection = connect(self._url, NAME)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement("replay_lock"))
                if cursor.fetchone() != (True,):
                    raise AnotherReplayError("Another replay is at work. Wait for its end and ask again.")
        except BaseException:
            connection.close()
            raise
        return connection

    def _may_pass(self, error: Exception) -> bool:
        if isinstance(error, psycopg2.Error):
            return is_transient(error)
        # After a lost connection the right may still be with the one before, until PostgreSQL notices its end.
        return isinstance(error, AnotherReplayError) and self._connection is not None


def _begin(cursor: Cursor, request: Request, requested_by: str) -> tuple[int, Result]:
    cursor.execute(statement("replay_request"), {"requested_by": requested_by, **vars(request)})
    [(replay_id,)] = cursor.fetchall()
    cursor.execute(statement("replay_begin"), {"id": replay_id})
    [(found,)] = cursor.fetchall()
    return replay_id, Result(found)


def _mark(
    cursor: Cursor, replay_id: int, place: Place, outcomes: Sequence[tuple[int, str | None, str | None, str | None]]
) -> Result:
    """Write what became of records of one partition: offset, as what it moved, or why it is still rejected."""
    offsets, moved_as, reasons, details = map(list, zip(*outcomes, strict=True))
    values = {"offsets": offsets, "moved_as": moved_as, "reasons": reasons, "details": details}
    where = {"id": replay_id, "topic_id": place.topic_id, "partition": place.partition}
    cursor.execute(statement("replay_mark"), {**where, **values})
    totals = cursor.fetchone()
    if totals is None:
        raise ReplayError(f"Replay {replay_id} was given up.")
    return Result(*totals)


def _end(cursor: Cursor, replay_id: int, outcome: str, error: str | None = None) -> None:
    cursor.execute(statement("replay_end"), {"id": replay_id, "outcome": outcome, "error": error})
