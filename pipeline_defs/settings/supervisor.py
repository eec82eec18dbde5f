"""How patient the supervisor of the stream is."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

from pipeline_defs.settings.values import Seconds
from pipeline_defs.supervision.world import Limits


class SupervisorSettings(BaseSettings):
    """The limits of the supervisor."""

    supervisor_silent_seconds: Seconds = Field(
        default=60, description="A heartbeat of the stream older than this is not fresh."
    )
    supervisor_stalled_seconds: Seconds = Field(
        default=60, description="Input that waits so long, while nothing is written, makes the stream `stalled`."
    )
    supervisor_restart_stalled_seconds: Seconds = Field(
        default=240, description="Input that waits so long makes the supervisor restart the stream."
    )
    supervisor_register_seconds: Seconds = Field(
        default=300,
        description="A driver gets so long to register its application, and that again to tell of itself.",
    )
    # The runs that wait so long have time limits of their own: see pipeline_defs/stream_jobs.py.
    supervisor_graceful_stop_seconds: Seconds = Field(
        default=60,
        le=150,
        description="A driver that nobody wants gets so long to finish its batch, and once more as long to be ended.",
    )
    supervisor_surplus_seconds: Seconds = Field(
        default=60, description="Of two drivers, the lease lets one write; after this the other is ended."
    )
    supervisor_ask_for_help_seconds: Seconds = Field(
        default=300, description="What only people can mend is waited for so long."
    )
    supervisor_idle_seconds: Seconds = Field(
        default=120, description="When nothing was written for so long and nothing waits, the stream is `idle`."
    )
    supervisor_catching_up_records: int = Field(
        default=5000, ge=1, description="With so many records ahead of it, the stream is catching up."
    )
    supervisor_backoff_seconds: Seconds = Field(
        default=30, description="The pause after a first start; it doubles with each further one."
    )
    supervisor_longest_backoff_seconds: Seconds = Field(default=480, description="The longest such pause.")
    supervisor_breaker_starts: int = Field(
        default=6, ge=2, description="So many failed starts within the window open the breaker: no more are tried."
    )
    supervisor_breaker_window_seconds: Seconds = Field(default=900, description="The time in which starts are counted.")

    @property
    def supervisor_limits(self) -> Limits:
        """How patient the supervisor is."""

        def span(name: str) -> timedelta:
            return timedelta(seconds=getattr(self, f"supervisor_{name}_seconds"))

        return Limits(
            silent=span("silent"),
            stalled=span("stalled"),
            restart_stalled=span("restart_stalled"),
            register=span("register"),
            # A driver first gets its time to finish the batch, and the job that stops it the time to kill it.
            stop=2 * span("graceful_stop"),
            surplus=span("surplus"),
            ask_for_help=span("ask_for_help"),
            idle=span("idle"),
            catching_up_from=self.supervisor_catching_up_records,
            backoff=span("backoff"),
            longest_backoff=span("longest_backoff"),
            starts=self.supervisor_breaker_starts,
            window=span("breaker_window"),
        )
