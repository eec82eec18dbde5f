"""A partition's records are cut into chunks that follow each other without a gap."""

from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from spark import sink
from spark.sink import Chunk, Record, chunks, gaps, kafka_timestamp

OFFSETS = st.lists(st.integers(10, 60), unique=True).map(sorted)


class Message:
    """A record of librdkafka's without a key."""

    def key(self) -> None:
        return None


def records(offsets: Sequence[int], value: bytes = b"") -> list[Record]:
    return [Record(offset, 0, value, cast("Any", Message())) for offset in offsets]


@given(OFFSETS, st.integers(1, 7))
def test_chunks_cover_the_range(offsets: list[int], most: int):
    with_limit = sink.RECORDS_IN_A_CHUNK
    sink.RECORDS_IN_A_CHUNK = most
    try:
        parts = list(chunks(records(offsets), 5, 70))
    finally:
        sink.RECORDS_IN_A_CHUNK = with_limit
    assert [part.start_offset for part in parts] + [70] == [5] + [part.end_offset for part in parts]
    assert [record.offset for part in parts for record in part.records] == offsets
    for part in parts:
        assert len(part.records) <= most
        assert all(part.start_offset <= record.offset < part.end_offset for record in part.records)


def test_chunk_holds_one_large_record():
    large = b"a" * sink.BYTES_IN_A_CHUNK
    parts = list(chunks(records([1, 2], large), 0, 3))
    assert [[record.offset for record in part.records] for part in parts] == [[1], [2]]


def test_empty_range_has_no_chunk():
    assert list(chunks([], 5, 5)) == []


@given(OFFSETS.filter(lambda offsets: len(offsets) > 1))
def test_halves_are_the_chunk(offsets: list[int]):
    chunk = Chunk(5, 70, records(offsets))
    first, second = chunk.halves()
    assert (first.start_offset, first.end_offset, second.end_offset) == (5, second.start_offset, 70)
    assert [*first.records, *second.records] == chunk.records
    assert first.records[-1].offset < second.start_offset <= second.records[0].offset


@given(OFFSETS)
def test_gaps_are_the_offsets_without_a_record(offsets: list[int]):
    missing = [offset for start, end in gaps(offsets, 5, 70) for offset in range(start, end)]
    assert missing == [offset for offset in range(5, 70) if offset not in offsets]


def test_timestamp_beyond_the_calendar_is_null():
    assert kafka_timestamp(2**62) is None
    assert kafka_timestamp(-1) is None
    assert kafka_timestamp(1500) == "1970-01-01T00:00:01.500000+00:00"
