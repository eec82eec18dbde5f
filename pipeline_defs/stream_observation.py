"""What people see of the stream in Dagster: its state and why, how far and fast it is, and where to look further."""

from datetime import datetime

from dagster import AssetObservation, MetadataValue

from pipeline_defs.stream_world import Seen
from pipeline_defs.supervision import Decision, World
from pipeline_defs.supervision.driver_error import relevant_error, with_error

Metadata = dict[str, MetadataValue | int | float | str | None]


def observation(seen: Seen, decision: Decision, master_url: str) -> AssetObservation:
    """Make the observation of users_stream from one look."""
    return AssetObservation(
        "users_stream",
        description=description(seen, decision),
        metadata={
            **_decided(seen, decision),
            **_progress(seen),
            **_place(seen.world, master_url),
        },
    )


def description(seen: Seen, decision: Decision) -> str:
    """Return state and reason, with the newest error of a driver where it belongs there."""
    return f"{decision.state}: {_reason(seen, decision)}"


def _reason(seen: Seen, decision: Decision) -> str:
    return with_error(decision.reason, relevant_error(decision.state, seen.error))


def _decided(seen: Seen, decision: Decision) -> Metadata:
    error, wanted = relevant_error(decision.state, seen.error), seen.world.wanted
    return {
        "state": decision.state.value,
        "reason": _reason(seen, decision),
        "action": decision.action.value,
        "wanted": f"{'running' if wanted.running else 'stopped'}, by {wanted.changed_by}",
        **({"last_error": error.last_error} if error else {}),
    }


def _progress(seen: Seen) -> Metadata:
    world, backlog, row = seen.world, seen.world.backlog, seen.progress or {}
    lag = backlog.lag
    return {
        "lag": None if lag is None else backlog.records,
        "lag_by_partition": MetadataValue.json({str(number): each for number, each in (lag or {}).items()}),
        "seconds_to_catch_up": None if backlog.seconds_to_catch_up is None else round(backlog.seconds_to_catch_up, 1),
        "input_rows_per_second": _rounded(row.get("input_rows_per_second")),
        "rows_per_second": _rounded(row.get("processed_rows_per_second")),
        "batch_seconds": _rounded(row["batch_ms"] / 1000) if row else None,
        "heartbeat": _moment(row.get("heartbeat_at")),
        "uptime_seconds": round((world.now - world.application.started_at).total_seconds())
        if world.application
        else None,
        "restarts": seen.restarts,
        "code_version": world.wanted.code_version,
    }


def _place(world: World, master_url: str) -> Metadata:
    driver, app = next(iter(world.drivers), None), world.application
    place: Metadata = {
        "driver": driver.id if driver else None,
        "application": app.id if app else None,
        "worker": driver.worker if driver else None,
        "workers_alive": world.cluster.workers_alive if world.cluster else 0,
        "spark_master": MetadataValue.url(master_url),
    }
    if app:
        place["spark_application"] = MetadataValue.url(f"{master_url}/app/?appId={app.id}")
    if driver and driver.worker_url:
        # The stream's own words are in stdout, Spark's in stderr.
        logs = f"{driver.worker_url}/logPage/?driverId={driver.id}&logType="
        place |= {"log": MetadataValue.url(f"{logs}stdout"), "spark_log": MetadataValue.url(f"{logs}stderr")}
    return place


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)


def _moment(value: datetime | None) -> MetadataValue:
    return MetadataValue.timestamp(value) if value else MetadataValue.null()
