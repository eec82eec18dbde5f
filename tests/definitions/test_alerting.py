"""The sensor that tells people."""

from collections.abc import Iterator

import pytest
from dagster import AssetCheckEvaluation as Evaluation
from dagster import AssetCheckSeverity, AssetKey, DagsterInstance, SensorResult, SkipReason, instance_for_test

from pipeline_defs import sensors
from pipeline_defs.settings import Settings
from tests.definitions.fakes import NOW, FakeDatabase
from tests.definitions.looking import look
from tests.unit.webhook_server import Webhook, listening

TRIED = [{"decided_at": NOW, "action": "restart", "outcome": "submitted as driver-7"}]


@pytest.fixture
def slack() -> Iterator[Webhook]:
    with listening() as server:
        yield server


@pytest.fixture
def own_instance() -> Iterator[DagsterInstance]:
    """An instance whose checks have no result yet."""
    with instance_for_test() as made:
        yield made


def reports(instance: DagsterInstance, check: str, *, passed: bool) -> None:
    instance.report_runless_asset_event(
        Evaluation(
            asset_key=AssetKey("users_stream" if check.startswith("stream") else "users"),
            check_name=check,
            passed=passed,
            severity=AssetCheckSeverity.ERROR,
            description="crash loop: boom.",
            metadata={},
        )
    )


def alerted(instance: DagsterInstance, slack: Webhook, cursor: str | None) -> str | None:
    settings = Settings(alert_webhook_url=slack.url)
    found = look(
        sensors.alerting, instance, cursor, database=FakeDatabase({"decisions_tried": TRIED}), settings=settings
    )
    assert isinstance(found, SensorResult)
    return found.cursor


def test_a_failure_and_its_end_are_told_once_each(own_instance: DagsterInstance, slack: Webhook):
    cursor = None
    for passed in (True, False, False, True, True):
        reports(own_instance, "stream_running", passed=passed)
        cursor = alerted(own_instance, slack, cursor)
    failure, recovery = slack.texts
    assert failure.startswith(":red_circle: *stream_running*")
    assert "12:00:00 restart (submitted as driver-7)" in failure
    assert recovery.startswith(":large_green_circle: *stream_running*")


def test_a_webhook_that_refuses_is_told_later(own_instance: DagsterInstance, slack: Webhook):
    reports(own_instance, "stream_running", passed=False)
    reports(own_instance, "stream_lag", passed=False)
    slack.status = 500
    cursor = alerted(own_instance, slack, None)
    assert len(slack.texts) == 1
    slack.status = 200
    for _ in range(2):
        cursor = alerted(own_instance, slack, cursor)
    assert len(slack.texts) == 3


def test_a_look_tells_no_more_than_fits_into_its_minute_and_the_next_one_the_rest(
    own_instance: DagsterInstance, slack: Webhook
):
    for check in ("stream_running", "stream_lag", "freshness", "nothing_lost"):
        reports(own_instance, check, passed=False)
    cursor = alerted(own_instance, slack, None)
    assert len(slack.texts) == 3
    for _ in range(2):
        cursor = alerted(own_instance, slack, cursor)
    assert len(slack.texts) == 4


def test_without_a_webhook_nothing_happens(instance: DagsterInstance):
    found = look(sensors.alerting, instance, database=FakeDatabase(), settings=Settings(alert_webhook_url=None))
    assert isinstance(found, SkipReason)
