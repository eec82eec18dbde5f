"""Where people are told and look, and for how long history is kept."""

from pydantic import Field
from pydantic_settings import BaseSettings

from pipeline_defs.settings.values import DatabaseAddress, HttpAddress, WebhookAddress


class OperationSettings(BaseSettings):
    """Alerts, Dagster's own addresses, and retention."""

    alert_webhook_url: WebhookAddress = Field(
        default=None,
        description="A webhook that takes Slack's messages: failures and recoveries are told there. It is a secret.",
    )

    dagster_ui_url: HttpAddress = Field(
        default="http://127.0.0.1:3000", description="Dagster's web UI, for links to it."
    )
    dagster_postgres_url: DatabaseAddress | None = Field(
        default=None, description="Dagster's own database; only with it does `prune_history` prune events."
    )
    run_retention_hours: int = Field(default=72, ge=1, description="Hours after which `prune_history` deletes runs.")
    event_retention_hours: int = Field(
        default=72, ge=1, description="Hours after which `prune_history` deletes events, heartbeats and decisions."
    )
    rejected_retention_hours: int = Field(
        default=720,
        ge=1,
        description="Hours after which `prune_history` deletes rejected records; no fewer than the topic has.",
    )
