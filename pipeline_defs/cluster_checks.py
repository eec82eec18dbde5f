"""The checks of the servers that the pipeline stands on."""

from datetime import UTC, datetime

from dagster import AssetCheckResult

from pipeline_defs.asset_check import check_of
from pipeline_defs.cluster_judgements import judge_kafka, judge_spark
from pipeline_defs.kafka_cluster import KafkaCluster
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster


@check_of(
    "kafka_cluster",
    "Every server of KAFKA_BOOTSTRAP_SERVERS is a broker that is alive, the controllers follow their leader, and "
    "every partition has a leader and all its replicas.",
)
def kafka_healthy(kafka_cluster: KafkaCluster, settings: Settings) -> AssetCheckResult:
    """Ask Kafka for all of it and judge it."""
    return judge_kafka(kafka_cluster.describe(), settings.kafka_brokers, datetime.now(UTC))


@check_of("spark_cluster", "The master is ALIVE, and so are SPARK_WORKERS (2) workers or more.")
def spark_healthy(spark_master: SparkMaster, settings: Settings) -> AssetCheckResult:
    """Ask the Spark master for its cluster and judge it."""
    return judge_spark(spark_master.cluster(), settings.spark_workers)


CLUSTER_CHECKS = [kafka_healthy, spark_healthy]
