"""What is seen of the stream → the results of `stream_running` and `stream_lag`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from pipeline_defs.supervision.driver_error import DriverError, relevant_error, with_error
from pipeline_defs.supervision.states import HEALTHY, State

# In these it needs somebody at once; in the others it is on its way, for a while.
_SEVERE = {State.CRASH_LOOP, State.STALLED}
_REMEDY = "See that the sensor stream_supervisor is on"


@dataclass(frozen=True)
class Said:
    """What the supervisor and the driver last said of the stream.

    Attributes:
        states: the recorded states, newest first, each with its moment.
        reason: of the newest.
        heartbeat_at: the driver's last one.
        error: the newest of a driver, if no later one has moved the ledger.
    """

    states: Sequence[tuple[State, datetime]]
    reason: str
    heartbeat_at: datetime | None
    error: DriverError | None = None


@dataclass(frozen=True)
class LagLimits:
    """From how many records, and from how many seconds behind, `stream_lag` warns and fails."""

    warn_records: int
    fail_records: int
    warn_seconds: int
    fail_seconds: int


def judge_running(said: Said, now: datetime, patience: timedelta) -> AssetCheckResult:
    """Judge what was last said; a stream that is on its way is a warning, and after `patience` a failure."""
    states, reason, heartbeat_at = said.states, said.reason, said.heartbeat_at
    if not states:
        return AssetCheckResult(
            passed=False,
            severity=AssetCheckSeverity.WARN,
            description=f"{with_error(f'The supervisor has not looked yet. {_REMEDY}', said.error)}.",
        )
    state = states[0][0]
    unwell_since = since_when(states)
    silence = now - heartbeat_at if heartbeat_at else timedelta()
    unseen = state in HEALTHY - {State.STOPPED_ON_PURPOSE} and silence > 2 * patience
    severe = unseen or state in _SEVERE or (unwell_since is not None and now - unwell_since > patience)
    error = said.error if unseen else relevant_error(state, said.error)
    text = f"{state}: {reason}"
    if unseen:
        age = f"{silence.total_seconds():.0f} s"
        text = f"The supervisor last saw it {state}, but its last heartbeat is {age} old. {_REMEDY}"
    metadata: dict[str, MetadataValue | str] = {"state": state.value}
    if unwell_since:
        metadata["since"] = MetadataValue.timestamp(unwell_since)
    if error:
        metadata["last_error"] = MetadataValue.text(error.last_error)
    if error and error.ended_at:
        metadata["last_error_at"] = MetadataValue.timestamp(error.ended_at)
    return AssetCheckResult(
        passed=state in HEALTHY and not unseen,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=f"{with_error(text, error)}.",
        metadata=metadata,
    )


def since_when(states: Sequence[tuple[State, datetime]]) -> datetime | None:
    """Give since when the stream has not been healthy, without a break; None while it is."""
    since = None
    for state, at in states:
        if state in HEALTHY:
            break
        since = at
    return since


def judge_lag(lag: Mapping[int, int], oldest: datetime | None, now: datetime, limits: LagLimits) -> AssetCheckResult:
    """Judge how far the ledger is behind Kafka's ends: in records, and by the age of the oldest that waits."""
    records = sum(lag.values())
    seconds = max(0.0, (now - oldest).total_seconds()) if oldest and records else 0.0
    severe = records >= limits.fail_records or seconds >= limits.fail_seconds
    return AssetCheckResult(
        passed=records < limits.warn_records and seconds < limits.warn_seconds,
        severity=AssetCheckSeverity.ERROR if severe else AssetCheckSeverity.WARN,
        description=f"{records} records wait, the oldest for {seconds:.0f} s." if records else "No record waits.",
        metadata={
            "records": records,
            "seconds": round(seconds, 1),
            "records_by_partition": MetadataValue.json({str(partition): each for partition, each in lag.items()}),
        },
    )
