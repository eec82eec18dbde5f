"""When the asset checks warn and when they fail."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

from pipeline_defs.settings.values import Seconds
from pipeline_defs.stream_judgements import LagLimits


class CheckSettings(BaseSettings):
    """The limits of the checks."""

    freshness_warn_seconds: int = Field(
        default=120, ge=1, description="Age of the newest row, in seconds, from which the check `freshness` warns."
    )
    freshness_fail_seconds: int = Field(
        default=300, ge=1, description="Age of the newest row, in seconds, from which the check `freshness` fails."
    )
    rejected_window_minutes: int = Field(
        default=60, ge=1, le=4320, description="Minutes that the check `rejected_rate` looks back."
    )
    rejected_least_records: int = Field(
        default=100,
        ge=1,
        description="Records in that time without which `rejected_rate` warns at most: few show no rate.",
    )
    rejected_warn_percent: float = Field(
        default=1.0, ge=0, le=100, description="Rejected in a hundred records, above which `rejected_rate` warns."
    )
    rejected_fail_percent: float = Field(
        default=10.0, ge=0, le=100, description="Rejected in a hundred records, above which `rejected_rate` fails."
    )

    unwell_seconds: Seconds = Field(
        default=120, description="Seconds for which the stream may be on its way before `stream_running` fails."
    )
    lag_warn_records: int = Field(default=10_000, ge=1, description="Records behind from which `stream_lag` warns.")
    lag_fail_records: int = Field(default=100_000, ge=1, description="Records behind from which `stream_lag` fails.")
    lag_warn_seconds: Seconds = Field(
        default=60, description="Age of the oldest record that waits, in seconds, from which `stream_lag` warns."
    )
    lag_fail_seconds: Seconds = Field(
        default=300, description="Age of the oldest record that waits, in seconds, from which `stream_lag` fails."
    )
    slots_fail_count: int = Field(
        default=3, ge=1, description="Slots missed or failed in 10 minutes from which `slots_kept` fails."
    )

    @property
    def warn_after(self) -> timedelta:
        """The age of the newest row from which `freshness` warns."""
        return timedelta(seconds=self.freshness_warn_seconds)

    @property
    def fail_after(self) -> timedelta:
        """The age of the newest row from which `freshness` fails."""
        return timedelta(seconds=self.freshness_fail_seconds)

    @property
    def unwell_after(self) -> timedelta:
        """How long the stream may be on its way before `stream_running` fails."""
        return timedelta(seconds=self.unwell_seconds)

    @property
    def lag_limits(self) -> LagLimits:
        """From where `stream_lag` warns and fails."""
        return LagLimits(self.lag_warn_records, self.lag_fail_records, self.lag_warn_seconds, self.lag_fail_seconds)
