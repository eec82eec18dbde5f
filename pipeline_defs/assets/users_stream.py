"""The stream: a Spark application on the cluster. Dagster starts and observes it; it outlives Dagster."""

from dagster import AssetSpec

from pipeline_defs.assets.common import GROUP, OWNERS

users_stream = AssetSpec(
    "users_stream",
    deps=["random_user_topic"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"spark", "python"},
    description=(
        "Spark Structured Streaming on the cluster: reads the topic from the ledger's offsets, turns raw JSON into "
        "columns of `users`, and writes rows, rejected records and offsets in one transaction. The sensor "
        "`stream_supervisor` observes it here: its state, why, and what was decided. Start, restart and stop it with "
        "the jobs `start_stream`, `restart_stream` and `stop_stream`."
    ),
)
