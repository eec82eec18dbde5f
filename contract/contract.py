"""A contract: the table that a topic's records are rows of, and how a record becomes one."""

from collections.abc import Callable
from dataclasses import dataclass

from contract.rejection import Rejection

Row = tuple[str | int | None, ...]


@dataclass(frozen=True)
class Contract:
    """How the records of a topic become rows of a table.

    The table also has `id`, `kafka_partition`, `kafka_offset` and `kafka_timestamp`. Its column `uuid` is unique. A
    record whose uuid is in the table is a duplicate if its `email` is that row's too, and a conflict if it isn't.

    Attributes:
        table: its name.
        columns: those that a record fills, in the order of a row; `uuid` and `email` are among them.
        parse: returns the row of a record's value, or why there is none. It raises nothing. A uuid is in lower case.
    """

    table: str
    columns: tuple[str, ...]
    parse: Callable[[bytes | None], Row | Rejection]
