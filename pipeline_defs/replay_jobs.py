"""Jobs for people who have mended something: replay rejected records, acknowledge losses that `nothing_lost` shows."""

from datetime import datetime

from dagster import Config, OpExecutionContext, ResourceParam, in_process_executor, job, op
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from pipeline_defs.database import Database
from pipeline_defs.jobs_common import clear_failure, limits
from pipeline_defs.replay import Replayer, ReplayError, Request
from pipeline_defs.settings import Settings, libpq_address

_MOMENT = TypeAdapter(AwareDatetime)


class ReplayConfig(Config):
    """Which rejected records to look at again. What is left out asks for all."""

    reason: str | None = Field(default=None, description="their reason, a code of docs/rejected-records.md")
    rejected_from: str | None = Field(default=None, description="rejected then or later: 2026-05-04T12:00:00Z")
    rejected_to: str | None = Field(default=None, description="rejected before then: 2026-05-04T13:00:00Z")
    partition: int | None = Field(default=None, description="of this Kafka partition")
    from_offset: int | None = Field(default=None, description="from this offset on")
    to_offset: int | None = Field(default=None, description="up to this offset, included")

    def request(self) -> Request:
        """Return what is asked for.

        Raises:
            ReplayError: a time can't be read, or there is no such reason.
        """
        return Request(
            reason=self.reason,
            rejected_from=_moment("rejected_from", self.rejected_from),
            rejected_to=_moment("rejected_to", self.rejected_to),
            partition=self.partition,
            from_offset=self.from_offset,
            to_offset=self.to_offset,
        )


def _moment(name: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else _MOMENT.validate_python(text)
    except ValidationError:
        raise ReplayError(
            f"{name} is {text!r}, which is no time with a zone. Write it as 2026-05-04T12:00:00Z."
        ) from None


@op(name="replay", description="Parses rejected records again, and moves into users what is a person now.")
def _replay(context: OpExecutionContext, config: ReplayConfig, settings: ResourceParam[Settings]) -> None:
    with clear_failure():
        replayer = Replayer(libpq_address(settings.database_url), context.log.info)
        result = replayer.run(config.request(), f"replay_rejected run {context.run_id}")
    context.add_output_metadata(result._asdict())


@job(
    executor_def=in_process_executor,
    tags=limits(3600),
    description="Parses rejected records again with today's code. docs/rejected-records.md says how to choose them.",
)
def replay_rejected() -> None:
    """Replay rejected records."""
    _replay()


class AcknowledgeConfig(Config):
    """What you found out."""

    note: str = Field(min_length=1, description="what happened, for whoever reads the table acknowledgements")


@op(name="acknowledge", description="Writes down that a person knows of the losses that nothing_lost shows.")
def _acknowledge(context: OpExecutionContext, config: AcknowledgeConfig, database: ResourceParam[Database]) -> None:
    with clear_failure():
        by = f"acknowledge_losses run {context.run_id}"
        known = database.run("acknowledge", acknowledged_by=by, note=config.note)[0]["acknowledged_at"]
    context.log.info(f"Losses and new lives of the topic that were noticed before {known} no longer fail nothing_lost.")


@job(
    executor_def=in_process_executor,
    tags=limits(60),
    description="You know what nothing_lost shows as deleted or as a new life of the topic: it shows only newer ones.",
)
def acknowledge_losses() -> None:
    """Acknowledge losses."""
    _acknowledge()


REPLAY_JOBS = [replay_rejected, acknowledge_losses]
