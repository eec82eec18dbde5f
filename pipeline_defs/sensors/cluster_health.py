"""Observes the servers that the pipeline stands on, and reports their checks."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetObservation,
    ResourceParam,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from pipeline_defs import reporting
from pipeline_defs.asset_check import Check
from pipeline_defs.cluster_checks import kafka_healthy, spark_healthy
from pipeline_defs.cluster_judgements import Metadata, judge_kafka, judge_spark, kafka_metadata, spark_metadata
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_cluster import KafkaCluster
from pipeline_defs.reporting import Report
from pipeline_defs.sensors.common import AT_LEAST_EVERY, RUNNING, outcome_of
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import SparkMaster

Look = Callable[[], tuple[AssetCheckResult, Metadata]]


@sensor(
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description="Observes kafka_cluster and spark_cluster and reports their checks: on a change, and once a minute.",
)
def cluster_health(
    context: SensorEvaluationContext,
    kafka_cluster: ResourceParam[KafkaCluster],
    spark_master: ResourceParam[SparkMaster],
    settings: ResourceParam[Settings],
) -> SensorResult | SkipReason:
    """Look at both, and report what changed or was not reported for a while."""
    now = datetime.now(UTC)
    looks: Mapping[Check[...], Look] = {
        kafka_healthy: lambda: _kafka(kafka_cluster, settings, now),
        spark_healthy: lambda: _spark(spark_master, settings),
    }
    reports = reporting.read_cursor(context.cursor)
    events: list[AssetObservation | AssetCheckEvaluation] = []
    for check, look in looks.items():
        result, metadata = _seen(look)
        outcome = f"{outcome_of(result)}: {result.description}"
        if reporting.due(reports.get(check.asset), outcome, now, AT_LEAST_EVERY):
            events += [
                AssetObservation(check.asset, description=result.description, metadata=metadata),
                check.evaluation(result),
            ]
            reports[check.asset] = Report(outcome, now.isoformat())
    if not events:
        return SkipReason("Nothing has changed.")
    return SensorResult(
        skip_reason=f"{len(events) // 2} clusters observed.",
        asset_events=events,
        cursor=reporting.write_cursor(reports),
    )


def _seen(look: Look) -> tuple[AssetCheckResult, Metadata]:
    try:
        return look()
    except PipelineError as error:
        return AssetCheckResult(passed=False, description=str(error)), {}


def _kafka(cluster: KafkaCluster, settings: Settings, now: datetime) -> tuple[AssetCheckResult, Metadata]:
    state = cluster.describe()
    return judge_kafka(state, settings.kafka_brokers, now), kafka_metadata(state, now)


def _spark(master: SparkMaster, settings: Settings) -> tuple[AssetCheckResult, Metadata]:
    cluster = master.cluster()
    return judge_spark(cluster, settings.spark_workers), spark_metadata(cluster, master.ui_url)
