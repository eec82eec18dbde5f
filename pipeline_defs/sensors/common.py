"""What all sensors share."""

from datetime import timedelta

from dagster import AssetCheckResult, DefaultSensorStatus

RUNNING = DefaultSensorStatus.RUNNING
# With a look every 15 s, this makes at least one report a minute.
AT_LEAST_EVERY = timedelta(seconds=45)


def outcome_of(result: AssetCheckResult) -> str:
    """Give the result of a check in a word, by which a change is told."""
    return "passed" if result.passed else str(result.severity.value)
