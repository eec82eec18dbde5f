"""A record that ends the task that reads it: it is found by halves, and costs one record."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

LOGGER = logging.getLogger(__name__)
_MOST_SET_ASIDE = 10


class TaskDiedError(Exception):
    """Tasks ended without a word of their own. The text says what they died of."""


@dataclass(frozen=True)
class Isolation:
    """Writes a partition in ever smaller ranges.

    Attributes:
        partition: its number.
        next_offset: returns where the ledger stands.
        attempt: writes a range of offsets, its end excluded; raises TaskDiedError where its task dies.
        set_aside: writes the record of an offset as rejected, with the text of what its task died of.
        is_wanted: returns False when the stream is to stop.
    """

    partition: int
    next_offset: Callable[[], int]
    attempt: Callable[[int, int], None]
    set_aside: Callable[[int, str], None]
    is_wanted: Callable[[], bool]

    def write_up_to(self, end_offset: int) -> None:
        """Write everything before an offset; a record that alone still ends its task is set aside.

        Raises:
            TaskDiedError: record after record ends its task, so no record is to blame, but the code or the machine.
        """
        size = end_offset - self.next_offset()
        set_aside = 0
        while self.is_wanted() and (start := self.next_offset()) < end_offset:
            end = min(start + size, end_offset)
            try:
                self.attempt(start, end)
            except TaskDiedError as death:
                LOGGER.warning("Partition %s, offsets %s to %s: %s", self.partition, start, end - 1, death)
                if self.next_offset() > start:
                    continue
                if end - start > 1:
                    size = (end - start) // 2
                    continue
                set_aside += 1
                if set_aside > _MOST_SET_ASIDE:
                    raise TaskDiedError(
                        f"Partition {self.partition}, offset {start}: as with {_MOST_SET_ASIDE} records before it, "
                        f"{death}. So many records can't be to blame: look for the cause in the memory and the code."
                    ) from death
                self.set_aside(start, str(death))
            else:
                size, set_aside = 2 * size, 0
