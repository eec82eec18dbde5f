"""What is seen of the servers → the result of a check, and what an observation shows. Pure."""

from datetime import datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.kafka_cluster import KafkaState
from pipeline_defs.spark_master import Cluster

# A controller that follows asks the leader for more several times a second.
_FOLLOWS = timedelta(seconds=15)

Metadata = dict[str, MetadataValue | int | str | None]


def silent_controllers(state: KafkaState, now: datetime) -> list[int]:
    """Name the controllers that have not asked the leader for more for a while."""
    if state.quorum is None:
        return []
    oldest = (now - _FOLLOWS).timestamp() * 1000
    return [each.id for each in state.quorum.controllers if each.id != state.quorum.leader and each.fetched_at < oldest]


def judge_kafka(state: KafkaState, brokers: int, now: datetime) -> AssetCheckResult:
    """Judge Kafka: a partition without a leader, or no quorum, is a failure; what is merely missing a warning."""
    severe = [f"{len(state.offline)} partitions have no leader ({_some(state.offline)})"] if state.offline else []
    if state.quorum is None:
        severe.append("no broker can tell who leads the controllers")
    missing = []
    if len(state.brokers) < brokers:
        missing.append(f"{len(state.brokers)} brokers of {brokers} are alive")
    if silent := silent_controllers(state, now):
        missing.append(f"controller {', '.join(map(str, silent))} doesn't follow")
    if state.under_replicated:
        missing.append(f"{len(state.under_replicated)} partitions lack replicas ({_some(state.under_replicated)})")
    return _judged([*severe, *missing], "All brokers and controllers are there, all replicas in sync.", bool(severe))


def kafka_metadata(state: KafkaState, now: datetime) -> Metadata:
    """Show Kafka."""
    quorum = state.quorum
    return {
        "brokers": MetadataValue.json(list(state.brokers)),
        "controllers": MetadataValue.json([each.id for each in quorum.controllers] if quorum else []),
        "leading_controller": quorum.leader if quorum else None,
        "controllers_that_dont_follow": MetadataValue.json(silent_controllers(state, now)),
        "partitions": state.partitions,
        "under_replicated": MetadataValue.json(list(state.under_replicated)),
        "offline": MetadataValue.json(list(state.offline)),
    }


def judge_spark(cluster: Cluster, workers: int) -> AssetCheckResult:
    """Judge Spark: no worker, or a master that is not ALIVE, is a failure; fewer workers than expected a warning."""
    severe = [f"the master is {cluster.status}"] if cluster.status != "ALIVE" else []
    if cluster.workers_alive < workers:
        count = f"{cluster.workers_alive} workers of {workers} are alive"
        return _judged([*severe, count], "", bool(severe) or not cluster.workers_alive)
    return _judged(severe, f"The master is ALIVE, and so are {cluster.workers_alive} workers.", bool(severe))


def spark_metadata(cluster: Cluster, ui_url: str) -> Metadata:
    """Show Spark."""
    return {
        "status": cluster.status,
        "workers_alive": cluster.workers_alive,
        "cores": cluster.cores,
        "cores_free": cluster.cores_free,
        "memory_mib": cluster.memory_mib,
        "memory_free_mib": cluster.memory_free_mib,
        "drivers": len(cluster.drivers),
        "applications": len(cluster.applications),
        "spark_master": MetadataValue.url(ui_url),
    }


def _judged(problems: list[str], well: str, severe: bool) -> AssetCheckResult:  # noqa: FBT001 - one caller a kind
    return AssetCheckResult(
        passed=not problems,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=f"{'; '.join(problems)}." if problems else well,
    )


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004
