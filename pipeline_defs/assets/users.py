"""The table of people. The stream writes it; the sensor `users_observer` reports when it has grown."""

from datetime import timedelta

from dagster import AssetSpec, FreshnessPolicy

from pipeline_defs.assets.common import GROUP, OWNERS

users = AssetSpec(
    "users",
    deps=["users_stream"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres"},
    description=(
        "Table `users` of PostgreSQL: one row for each person, by `login.uuid`. Each materialization is a move of the "
        "ledger: rows, new rows, duplicates, rejected records, lag, and the latency of the new rows from Kafka's "
        "timestamp to the written row. The check `freshness` asks the table itself."
    ),
    metadata={"dagster/table_name": "project_streaming.public.users"},
    freshness_policy=FreshnessPolicy.time_window(fail_window=timedelta(minutes=5), warn_window=timedelta(minutes=2)),
)
