"""Reports `users` as materialized when the ledger advanced."""

from dagster import AssetMaterialization, ResourceParam, SensorEvaluationContext, SensorResult, SkipReason, sensor

from pipeline_defs import observation
from pipeline_defs.database import Database
from pipeline_defs.errors import PipelineError
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.sensors.common import RUNNING


@sensor(
    minimum_interval_seconds=15,
    default_status=RUNNING,
    description="Reports users as materialized when the ledger advanced: counts, lag, latency of the new rows.",
)
def users_observer(
    context: SensorEvaluationContext, database: ResourceParam[Database], topic: ResourceParam[Topic]
) -> SensorResult | SkipReason:
    """Compare the ledger with the last report."""
    try:
        seen = observation.users(database, topic, context.cursor)
    except PipelineError as error:
        return SkipReason(str(error))
    if seen is None:
        return SkipReason("The ledger has not advanced.")
    metadata, cursor = seen
    return SensorResult(
        skip_reason=f"{metadata['new_rows']} new rows reported.",
        asset_events=[AssetMaterialization("users", metadata=metadata)],
        cursor=cursor,
    )
