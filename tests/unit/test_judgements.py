from datetime import UTC, datetime, timedelta

import pytest
from dagster import AssetCheckResult, AssetCheckSeverity

from pipeline_defs import judgements
from pipeline_defs.judgements import Completeness, Uniqueness
from pipeline_defs.kafka_topic import Partition, TopicState

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
WARN_AFTER, FAIL_AFTER = timedelta(minutes=2), timedelta(minutes=5)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def outcome(result: AssetCheckResult) -> str:
    if result.passed:
        return "passed"
    return "failed" if result.severity is AssetCheckSeverity.ERROR else "warned"


@pytest.mark.parametrize(
    ("age_seconds", "expected"),
    [(0, "passed"), (25, "passed"), (120, "passed"), (121, "warned"), (300, "warned"), (301, "failed"), (-1, "passed")],
)
def test_freshness_warns_after_two_minutes_and_fails_after_five(age_seconds: int, expected: str):
    for wanted_since in (None, ago(9999)):
        result = judgements.judge_freshness(ago(age_seconds), wanted_since, NOW, WARN_AFTER, FAIL_AFTER)
        assert outcome(result) == expected
        assert result.description == f"The newest row is {age_seconds} s old."


@pytest.mark.parametrize(
    ("age_seconds", "wanted_for", "expected", "says"),
    [
        # A fresh start.
        (None, 0, "warned", "The table has no row of this pipeline yet; the stream has been wanted for 0 s."),
        (None, 300, "warned", "The table has no row of this pipeline yet; the stream has been wanted for 300 s."),
        (None, 301, "failed", "The table has no row of this pipeline yet."),
        # Nobody wants it, or nobody can say.
        (None, None, "failed", "The table has no row of this pipeline yet."),
        (4000, None, "failed", "The newest row is 4000 s old."),
        # A start after it was stopped on purpose.
        (4000, 20, "warned", "The newest row is 4000 s old; the stream has been wanted for 20 s."),
        (4000, 301, "failed", "The newest row is 4000 s old."),
        (25, 20, "passed", "The newest row is 25 s old."),
    ],
)
def test_what_was_wanted_a_moment_ago_can_have_no_young_row(
    age_seconds: int | None, wanted_for: int | None, expected: str, says: str
):
    newest = None if age_seconds is None else ago(age_seconds)
    wanted_since = None if wanted_for is None else ago(wanted_for)
    result = judgements.judge_freshness(newest, wanted_since, NOW, WARN_AFTER, FAIL_AFTER)
    assert (outcome(result), result.description) == (expected, says)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Uniqueness(guarded=True, doubled=0), "passed"),
        (Uniqueness(guarded=False, doubled=0), "warned"),
        (Uniqueness(guarded=False, doubled=2), "failed"),
    ],
)
def test_uniqueness_needs_the_index_or_at_least_no_doubles(seen: Uniqueness, expected: str):
    assert outcome(judgements.judge_uniqueness(seen)) == expected


def test_complete_rows_names_the_newest_incomplete_ones():
    result = judgements.judge_completeness(Completeness(2, [9, 4]))
    assert outcome(result) == "failed"
    assert "9, 4" in str(result.description)
    assert outcome(judgements.judge_completeness(Completeness(0, []))) == "passed"


def partition(
    number: int, replicas: tuple[int, ...] = (1, 2, 3), in_sync: tuple[int, ...] = (1, 2, 3), leader: int | None = 1
) -> Partition:
    return Partition(number, leader, replicas, in_sync)


@pytest.mark.parametrize(
    ("partitions", "complaint"),
    [
        ([partition(0), partition(1), partition(2)], None),
        ([partition(n) for n in range(6)], None),
        ([partition(0), partition(1)], "2 partitions instead of 3"),
        ([partition(0), partition(1), partition(2, in_sync=(1, 3))], "partition 2 is not in sync on broker 2"),
        ([partition(0), partition(1, replicas=(1, 2), in_sync=(1, 2)), partition(2)], "partition 1 has 2 replicas"),
        ([partition(0, leader=None), partition(1), partition(2)], "partition 0 has no leader"),
    ],
)
def test_topic_is_healthy_with_all_partitions_and_replicas_in_sync(partitions: list[Partition], complaint: str | None):
    result = judgements.judge_topic(TopicState("id", tuple(partitions)), 3, 3)
    assert outcome(result) == ("failed" if complaint else "passed")
    assert (complaint or "") in str(result.description)
