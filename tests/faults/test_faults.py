"""Whatever dies: every record of the load ends in its one place, and the stack is calm again by itself."""

from tests.faults.conftest import Book
from tests.faults.faults import FAULTS
from tests.faults.rounds import play
from tests.integration.stack import Stack


def test_nothing_is_lost_and_nothing_comes_twice(stack: Stack, book: Book, fault: str) -> None:
    for _ in range(book.rounds):
        played = play(stack, fault, FAULTS[fault], book.next_seed(), book.records)
        book.add(played)
        assert played.verdict.is_clean, played
        assert not played.timeline.wrong, played
        assert bool(played.complaint) == bool(FAULTS[fault].complains), played
        assert FAULTS[fault].complains in played.complaint, played
