"""Candidates → rows of a contract's table: the one way in, for the stream's sink and the replay of rejected records.

The first writer wins. A candidate whose uuid is there is a duplicate or a conflict; one that the table refuses is found
by halves and left out; the rest goes in by COPY. What no candidate is to blame for is a TableFault.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg2
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE, NOT_NULL_VIOLATION, UNIQUE_VIOLATION

from contract.contract import Contract, Row
from contract.refusals import Refusals, TableFault
from contract.rejection import Rejection
from sql import statement
from sql.connection import SEQUENCE_EXHAUSTED, Cursor, is_row_error
from sql.copy_text import copy

KAFKA_COLUMNS = ("kafka_partition", "kafka_offset", "kafka_timestamp")

_LONGEST_MESSAGE = 500
_MOST_ROUNDS = 20


class Candidate(NamedTuple):
    """A record that may become a row: its offset, Kafka's timestamp as text with a zone, and the row."""

    offset: int
    timestamp: str | None
    row: Row


@dataclass
class Insertion:
    """What became of candidates, by their offsets."""

    inserted: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    rejections: dict[int, Rejection] = field(default_factory=dict)


def insert(
    cursor: Cursor, contract: Contract, partition: int, candidates: Sequence[Candidate], refusals: Refusals
) -> Insertion:
    """Return what became of candidates of one Kafka partition. Nothing is committed.

    Args:
        cursor: of a transaction that sees what others commit meanwhile (READ COMMITTED, PostgreSQL's default).
        contract: names the table and its columns.
        partition: of all candidates.
        candidates: in the order of their offsets.
        refusals: what the table refused lately; it is carried on.

    Raises:
        TableFault: the table is at fault, and no candidate.
        psycopg2.Error: PostgreSQL failed in another way.
    """
    writer = _Writer(cursor, contract, partition, refusals)
    pending = list(candidates)
    for _ in range(_MOST_ROUNDS):
        if not pending:
            return writer.insertion
        pending = writer.write(pending)
    raise TableFault(f"Rows of {contract.table} came and went {_MOST_ROUNDS} times while they were written.")


class _Writer:
    def __init__(self, cursor: Cursor, contract: Contract, partition: int, refusals: Refusals) -> None:
        self.insertion = Insertion()
        self._cursor = cursor
        self._contract = contract
        self._partition = partition
        self._refusals = refusals
        self._columns = (*contract.columns, *KAFKA_COLUMNS)
        self._uuid = contract.columns.index("uuid")
        self._email = contract.columns.index("email")

    def write(self, pending: Sequence[Candidate]) -> list[Candidate]:
        """Write what is new, and return those to look at again: their uuid was pending twice, or taken just now."""
        emails = self._emails_of([candidate.row[self._uuid] for candidate in pending])
        new: dict[object, Candidate] = {}
        again: list[Candidate] = []
        for candidate in pending:
            uuid = candidate.row[self._uuid]
            if uuid in emails:
                self._leave_out(candidate, emails[uuid])
            elif uuid in new:
                again.append(candidate)
            else:
                new[uuid] = candidate
        # By uuid, so that partitions which bring the same people wait for each other and never deadlock.
        again += self._insert([new[uuid] for uuid in sorted(new, key=str)])
        return sorted(again)

    def _emails_of(self, uuids: list[str | int | None]) -> dict[object, str | None]:
        self._cursor.execute(statement("rows_present", table=self._contract.table), {"uuids": uuids})
        return dict(self._cursor.fetchall())

    def _leave_out(self, candidate: Candidate, email: str | None) -> None:
        if candidate.row[self._email] == email:
            self.insertion.duplicates.append(candidate.offset)
        else:
            other = "another e-mail" if email is not None else "no e-mail"
            detail = f"login.uuid {candidate.row[self._uuid]} is in {self._contract.table} with {other}"
            self.insertion.rejections[candidate.offset] = Rejection("uuid_conflict", detail)

    def _insert(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Insert candidates; where the table refuses them, their halves. Return those whose uuid is taken just now."""
        if not candidates:
            return []
        self._cursor.execute("SAVEPOINT attempt; SET CONSTRAINTS ALL IMMEDIATE")
        refusal = self._copy(candidates)
        if refusal is None:
            self._cursor.execute("RELEASE SAVEPOINT attempt")
            self.insertion.inserted += [candidate.offset for candidate in candidates]
            self._refusals.accept(len(candidates))
            return []
        self._cursor.execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
        if refusal.is_taken(self._cursor, self._contract.table):
            return list(candidates)
        if len(candidates) == 1:
            self._refusals.refuse(refusal.label, refusal.message)
            detail = f"{refusal.message} ({refusal.label})"
            self.insertion.rejections[candidates[0].offset] = Rejection("refused_by_database", detail)
            return []
        middle = len(candidates) // 2
        return self._insert(candidates[:middle]) + self._insert(candidates[middle:])

    def _copy(self, candidates: Sequence[Candidate]) -> "_Refusal | None":
        rows = [(*row, self._partition, offset, timestamp) for offset, timestamp, row in candidates]
        try:
            count = copy(self._cursor, self._contract.table, self._columns, rows)
        except psycopg2.Error as error:
            self._raise_table_fault(error)
            if not is_row_error(error):
                raise
            return _Refusal(error)
        return None if count == len(rows) else _Refusal(None)

    def _raise_table_fault(self, error: psycopg2.Error) -> None:
        """Raise what is never a row's fault, from the first one on."""
        foreign_column = error.pgcode == NOT_NULL_VIOLATION and error.diag.column_name not in self._columns
        if foreign_column or error.pgcode in (INSUFFICIENT_PRIVILEGE, SEQUENCE_EXHAUSTED):
            raise TableFault.of(self._contract.table, f"{error.diag.message_primary} (SQLSTATE {error.pgcode})")


class _Refusal:
    """Why PostgreSQL refused some candidates; without an error, a trigger left some of them out."""

    def __init__(self, error: psycopg2.Error | None) -> None:
        self._index = error.diag.constraint_name if error and error.pgcode == UNIQUE_VIOLATION else None
        if error is None:
            self.message, self.label = "the row was not written", "a trigger left it out"
        else:
            self.message = (error.diag.message_primary or "")[:_LONGEST_MESSAGE]
            name = error.diag.constraint_name or error.diag.column_name
            self.label = f"SQLSTATE {error.pgcode}" + (f", {name}" if name else "")

    def is_taken(self, cursor: Cursor, table: str) -> bool:
        """Return whether another transaction was faster with the same uuid.

        Raises:
            TableFault: it is the id that is there already: the sequence is behind the rows.
        """
        if self._index is None:
            return False
        cursor.execute(statement("index_columns"), {"index": self._index, "table": table})
        columns = (cursor.fetchone() or (None,))[0]
        if columns == ["id"]:
            raise TableFault.of(table, f"{self.message} ({self.label}); the sequence of the ids is behind the rows")
        return columns == ["uuid"]
