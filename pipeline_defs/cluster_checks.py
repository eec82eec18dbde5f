"""The checks of the servers that the pipeline stands on."""

from datetime import UTC, datetime

from dagster import AssetCheckResult, ResourceParam, asset_check

from pipeline_defs.checks import judged
from pipeline_defs.cluster_judgements import judge_kafka, judge_spark
from pipeline_defs.kafka_cluster import KafkaCluster
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster


@asset_check(
    asset="kafka_cluster",
    description=(
        "Every server of KAFKA_BOOTSTRAP_SERVERS is a broker that is alive, the controllers follow their leader, and "
        "every partition has a leader and all its replicas."
    ),
)
def kafka_healthy(kafka_cluster: ResourceParam[KafkaCluster], settings: ResourceParam[Settings]) -> AssetCheckResult:
    """Kafka is complete."""
    return judged(lambda: judge_kafka(kafka_cluster.describe(), settings.kafka_brokers, datetime.now(UTC)))


@asset_check(asset="spark_cluster", description="The master is ALIVE, and so are SPARK_WORKERS (2) workers or more.")
def spark_healthy(spark_master: ResourceParam[SparkMaster], settings: ResourceParam[Settings]) -> AssetCheckResult:
    """Spark is complete."""
    return judged(lambda: judge_spark(spark_master.cluster(), settings.spark_workers))


CLUSTER_CHECKS = [kafka_healthy, spark_healthy]
