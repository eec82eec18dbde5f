"""Where a driver starts, given what Kafka holds and what the ledger says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark.ledger import Plan, plan
from spark.topic import Topic


def topic(low: dict[int, int], high: dict[int, int], topic_id: str = "A") -> Topic:
    return Topic("random-user", topic_id, low, high)


CASES = {
    "first start, earliest": (
        topic({0: 3, 1: 0}, {0: 9, 1: 0}),
        {},
        "earliest",
        Plan("A", opened={0: 3, 1: 0}, deleted={}, start={0: 3, 1: 0}),
    ),
    "first start, latest": (
        topic({0: 3, 1: 0}, {0: 9, 1: 0}),
        {},
        "latest",
        Plan("A", opened={0: 9, 1: 0}, deleted={}, start={0: 9, 1: 0}),
    ),
    "goes on from the ledger, whatever startingOffsets says": (
        topic({0: 0}, {0: 9}),
        {"A": {0: 5}},
        "latest",
        Plan("A", opened={}, deleted={}, start={0: 5}),
    ),
    "caught up": (
        topic({0: 9}, {0: 9}),
        {"A": {0: 9}},
        "earliest",
        Plan("A", opened={}, deleted={}, start={0: 9}),
    ),
    "retention deleted records unread": (
        topic({0: 7}, {0: 9}),
        {"A": {0: 5}},
        "earliest",
        Plan("A", opened={}, deleted={0: (5, 7)}, start={0: 7}),
    ),
    "a partition was added: from 0, whatever startingOffsets says": (
        topic({0: 0, 1: 0}, {0: 9, 1: 4}),
        {"A": {0: 5}},
        "latest",
        Plan("A", opened={1: 0}, deleted={}, start={0: 5, 1: 0}),
    ),
    "a partition was added, and retention was faster": (
        topic({0: 0, 1: 2}, {0: 9, 1: 4}),
        {"A": {0: 5}},
        "earliest",
        Plan("A", opened={1: 0}, deleted={1: (0, 2)}, start={0: 5, 1: 2}),
    ),
    "the topic was created again: from 0, whatever startingOffsets says": (
        topic({0: 0}, {0: 9}, topic_id="B"),
        {"A": {0: 5}},
        "latest",
        Plan("B", opened={0: 0}, deleted={}, start={0: 0}),
    ),
    "the topic was created again with fewer partitions": (
        topic({0: 0}, {0: 9}, topic_id="B"),
        {"A": {0: 5, 1: 8}},
        "earliest",
        Plan("B", opened={0: 0}, deleted={}, start={0: 0}),
    ),
    "the same topic ends below the ledger: a new incarnation, from its end": (
        topic({0: 0, 1: 0}, {0: 4, 1: 9}),
        {"A": {0: 5, 1: 8}},
        "earliest",
        Plan("A~2", opened={0: 4, 1: 8}, deleted={}, start={0: 4, 1: 8}, fell_back=True),
    ),
    "the same topic ends below the ledger, and Kafka does not name one partition": (
        topic({0: 0}, {0: 4}),
        {"A": {0: 5, 1: 8}},
        "earliest",
        Plan("A~2", opened={0: 4, 1: 8}, deleted={}, start={0: 4}, fell_back=True),
    ),
    "the second incarnation goes on": (
        topic({0: 0}, {0: 8}),
        {"A": {0: 50}, "A~2": {0: 6}},
        "earliest",
        Plan("A~2", opened={}, deleted={}, start={0: 6}),
    ),
    "a third incarnation": (
        topic({0: 0}, {0: 3}),
        {"A": {0: 50}, "A~2": {0: 6}},
        "earliest",
        Plan("A~3", opened={0: 3}, deleted={}, start={0: 3}, fell_back=True),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_plan(case: tuple[Topic, dict[str, dict[int, int]], str, Plan]):
    kafka, ledger, starting_offsets, expected = case
    assert plan(kafka, ledger, starting_offsets) == expected


@pytest.mark.parametrize(
    ("starting_offsets", "expected"),
    [
        ("earliest", Plan("A", opened={0: 0, 1: 0}, deleted={0: (0, 3)}, start={0: 3, 1: 0})),
        ("latest", Plan("A", opened={0: 9, 1: 4}, deleted={}, start={0: 9, 1: 4})),
    ],
)
def test_plan_for_a_topic_that_provisioning_created(starting_offsets: str, expected: Plan):
    """What retention deleted before the stream's first look is accounted for, unless nobody wants the past."""
    kafka = topic({0: 3, 1: 0}, {0: 9, 1: 4})
    assert plan(kafka, {}, starting_offsets, created={"A"}) == expected


OFFSETS = st.integers(0, 20)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Topic, dict[str, dict[int, int]], str]:
    partitions = range(draw(st.integers(1, 4)))
    low = {partition: draw(OFFSETS) for partition in partitions}
    high = {partition: low[partition] + draw(OFFSETS) for partition in partitions}
    incarnations = draw(st.sampled_from([(), ("A",), ("B",), ("A", "B"), ("A", "A~2"), ("B", "A", "A~2")]))
    ledger = {
        incarnation: {partition: draw(OFFSETS) + draw(OFFSETS) for partition in partitions[: draw(st.integers(1, 4))]}
        for incarnation in incarnations
    }
    return topic(low, high), ledger, draw(st.sampled_from(["earliest", "latest"]))


@given(worlds())
def test_start_is_inside_what_kafka_holds(world: tuple[Topic, dict[str, dict[int, int]], str]):
    kafka, ledger, starting_offsets = world
    decided = plan(kafka, ledger, starting_offsets)
    assert decided.start.keys() == kafka.high.keys()
    for partition, offset in decided.start.items():
        assert kafka.low[partition] <= offset <= kafka.high[partition]


@given(worlds())
def test_nothing_is_passed_over_in_silence(world: tuple[Topic, dict[str, dict[int, int]], str]):
    kafka, ledger, starting_offsets = world
    decided = plan(kafka, ledger, starting_offsets)
    rows = ledger.get(decided.topic_id, {}) | dict(decided.opened)
    for partition, offset in decided.start.items():
        passed_over = decided.deleted.get(partition, (offset, offset))
        assert passed_over == (rows[partition], offset) or rows[partition] == offset


@given(worlds())
def test_second_start_changes_nothing(world: tuple[Topic, dict[str, dict[int, int]], str]):
    kafka, ledger, starting_offsets = world
    first = plan(kafka, ledger, starting_offsets)
    after = ledger | {first.topic_id: ledger.get(first.topic_id, {}) | dict(first.opened) | dict(first.start)}
    second = plan(kafka, after, starting_offsets)
    assert (second.topic_id, second.opened, second.deleted) == (first.topic_id, {}, {})
    assert second.start == first.start
