"""One evaluation of a sensor, as the daemon makes it."""

from dagster import DagsterInstance, SensorDefinition, SensorResult, SkipReason, build_sensor_context

from pipeline_defs.definitions import defs


def look(
    sensor: SensorDefinition, instance: DagsterInstance, cursor: str | None = None, **resources: object
) -> SensorResult | SkipReason:
    context = build_sensor_context(
        instance=instance, cursor=cursor, resources=resources, repository_def=defs.get_repository_def()
    )
    found = sensor(context)
    assert isinstance(found, SensorResult | SkipReason)
    return found


def result(found: SensorResult | SkipReason) -> SensorResult:
    assert isinstance(found, SensorResult)
    return found
