"""What is drained of a partition can be read again, in whole and in part."""

from hypothesis import given
from hypothesis import strategies as st

from spark.sink import Drained


@given(st.dictionaries(st.integers(0, 2**40), st.binary(max_size=40)), st.data())
def test_raw_lines_are_found_by_their_offset(records: dict[int, bytes], data: st.DataObject):
    chosen = data.draw(st.lists(st.sampled_from(sorted(records)), unique=True)) if records else []
    with Drained() as drained:
        for offset, raw in records.items():
            drained.add(offset, b"line of %d\n" % offset, raw)
        with drained.raw_of(chosen) as found:
            assert found.read() == b"".join(records[offset] for offset in chosen)
        drained.lines.seek(0)
        assert drained.lines.read() == b"".join(b"line of %d\n" % offset for offset in records)
