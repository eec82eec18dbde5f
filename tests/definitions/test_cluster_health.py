"""The sensor that observes the servers."""

from dataclasses import replace

from dagster import AssetCheckEvaluation, AssetObservation, DagsterInstance, SensorResult, SkipReason

from pipeline_defs import sensors
from pipeline_defs.kafka_cluster import KafkaState
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import Cluster
from tests.definitions.fakes import EMPTY_CLUSTER, FakeKafka, FakeMaster, healthy_kafka
from tests.definitions.looking import look, result


def looks(
    instance: DagsterInstance, kafka: KafkaState | None, spark: Cluster | None, cursor: str | None = None
) -> SensorResult | SkipReason:
    return look(
        sensors.cluster_health,
        instance,
        cursor,
        kafka_cluster=FakeKafka(kafka),
        spark_master=FakeMaster(spark) if spark else FakeMaster(),
        settings=Settings(),
    )


def passed(found: SensorResult | SkipReason) -> dict[str, bool]:
    events = result(found).asset_events
    return {event.check_name: event.passed for event in events if isinstance(event, AssetCheckEvaluation)}


def test_both_are_observed_and_judged_first_and_then_on_a_change(instance: DagsterInstance):
    first = result(looks(instance, healthy_kafka(), EMPTY_CLUSTER))
    assert passed(first) == {"kafka_healthy": True, "spark_healthy": True}
    kafka, spark = [event for event in first.asset_events if isinstance(event, AssetObservation)]
    assert kafka.metadata["leading_controller"].value == 101
    assert spark.metadata["workers_alive"].value == 2
    assert isinstance(looks(instance, healthy_kafka(), EMPTY_CLUSTER, first.cursor), SkipReason)
    broken = replace(healthy_kafka(), brokers=(1, 2))
    assert passed(looks(instance, broken, EMPTY_CLUSTER, first.cursor)) == {"kafka_healthy": False}


def test_what_does_not_answer_fails_its_check_and_no_other(instance: DagsterInstance):
    assert passed(looks(instance, None, EMPTY_CLUSTER)) == {"kafka_healthy": False, "spark_healthy": True}
    assert passed(looks(instance, healthy_kafka(), None)) == {"kafka_healthy": True, "spark_healthy": False}
