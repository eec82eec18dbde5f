"""The servers that the pipeline stands on. The sensor `cluster_health` observes them."""

from dagster import AssetSpec

from pipeline_defs.assets.common import GROUP, OWNERS

kafka_cluster = AssetSpec(
    "kafka_cluster",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"kafka"},
    description=(
        "Kafka's brokers, its controllers and which of them leads, and partitions that lack replicas or a leader. The "
        "sensor `cluster_health` observes it."
    ),
)

spark_cluster = AssetSpec(
    "spark_cluster",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"spark"},
    description=(
        "Spark's master and workers: how many are alive, their cores and memory, and what of them is free. The sensor "
        "`cluster_health` observes it."
    ),
)
