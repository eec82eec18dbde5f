from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dagster import AssetCheckSeverity

from pipeline_defs.cluster_judgements import judge_kafka, judge_spark, kafka_metadata
from pipeline_defs.kafka_cluster import KafkaState
from pipeline_defs.spark_master import Cluster
from tests.definitions.fakes import EMPTY_CLUSTER, healthy_kafka

THEN = datetime.now(UTC)
WELL = healthy_kafka()
LATER = THEN + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "severity", "says"),
    [
        (replace(WELL, brokers=(1, 3)), AssetCheckSeverity.WARN, "2 brokers of 3 are alive."),
        (replace(WELL, under_replicated=("a-0",)), AssetCheckSeverity.WARN, "1 partitions lack replicas (a-0)."),
        (replace(WELL, offline=("a-0",)), AssetCheckSeverity.ERROR, "1 partitions have no leader (a-0)."),
        (replace(WELL, quorum=None), AssetCheckSeverity.ERROR, "no broker can tell who leads the controllers."),
    ],
)
def test_what_is_wrong_with_kafka(state: KafkaState, severity: AssetCheckSeverity, says: str):
    found = judge_kafka(state, 3, THEN)
    assert (found.passed, found.severity, found.description) == (False, severity, says)


def test_a_kafka_that_is_complete_passes():
    assert judge_kafka(WELL, 3, THEN).passed


def test_controllers_that_ask_no_more_are_named_and_the_leader_never():
    found = judge_kafka(WELL, 3, LATER)
    assert found.description == "controller 102, 103 doesn't follow."
    assert kafka_metadata(WELL, LATER)["leading_controller"] == 101


@pytest.mark.parametrize(
    ("cluster", "severity", "says"),
    [
        (replace(EMPTY_CLUSTER, workers_alive=1), AssetCheckSeverity.WARN, "1 workers of 2 are alive."),
        (replace(EMPTY_CLUSTER, workers_alive=0), AssetCheckSeverity.ERROR, "0 workers of 2 are alive."),
        (replace(EMPTY_CLUSTER, status="RECOVERING"), AssetCheckSeverity.ERROR, "the master is RECOVERING."),
    ],
)
def test_what_is_wrong_with_spark(cluster: Cluster, severity: AssetCheckSeverity, says: str):
    found = judge_spark(cluster, 2)
    assert (found.passed, found.severity, found.description) == (False, severity, says)


def test_a_spark_that_is_complete_passes():
    assert judge_spark(EMPTY_CLUSTER, 2).passed
