"""What the environment decides: addresses, passwords, sizes. Typed, checked, and read once.

Each module has the settings of one thing; `values` has the kinds of values.
"""

import os
from functools import cache

from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from pipeline_defs import producer_configuration
from pipeline_defs.errors import SettingsError
from pipeline_defs.producer_configuration import ProducerConfiguration
from pipeline_defs.settings.checks import CheckSettings
from pipeline_defs.settings.database import DatabaseSettings
from pipeline_defs.settings.kafka import KafkaSettings
from pipeline_defs.settings.operation import OperationSettings
from pipeline_defs.settings.source import SourceSettings
from pipeline_defs.settings.spark import SparkSettings
from pipeline_defs.settings.supervisor import SupervisorSettings
from pipeline_defs.settings.values import libpq_address

__all__ = ["Settings", "libpq_address", "read_producer", "read_settings"]


# The last base's fields come first where all are listed.
class Settings(
    OperationSettings,
    SupervisorSettings,
    SparkSettings,
    DatabaseSettings,
    KafkaSettings,
    CheckSettings,
    SourceSettings,
):
    """Every setting of the Dagster side. The name of a variable is the name of its field in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> "Settings":
        if self.freshness_warn_seconds > self.freshness_fail_seconds:
            raise ValueError("FRESHNESS_WARN_SECONDS must not be more than FRESHNESS_FAIL_SECONDS")
        if self.freshness_warn_seconds < 2 * self.cadence_seconds:
            raise ValueError(
                f"FRESHNESS_WARN_SECONDS ({self.freshness_warn_seconds}) must be at least twice CADENCE_SECONDS "
                f"({self.cadence_seconds}), or the newest row would be called old between two ticks"
            )
        return self

    @model_validator(mode="after")
    def _rejected_records_outlive_the_topic(self) -> "Settings":
        if self.rejected_retention_hours < self.kafka_topic_retention_hours:
            raise ValueError(
                "REJECTED_RETENTION_HOURS must not be less than KAFKA_TOPIC_RETENTION_HOURS: a rejected record "
                "must outlive the record in Kafka, with which the check nothing_lost compares it"
            )
        return self


@cache
def read_settings() -> Settings:
    """Give the settings of this process, read from its environment on the first call.

    Raises:
        SettingsError: names each variable or key that can't be used, and what is allowed.
    """
    producer = read_producer()
    try:
        return Settings(kafka_bootstrap_servers=producer.bootstrap_servers, kafka_topic=producer.topic)
    except ValidationError as error:
        problems = [
            ": ".join((*map(str.upper, map(str, each["loc"][:1])), each["msg"].removeprefix("Value error, ")))
            for each in error.errors()
        ]
        raise SettingsError(f"The environment has settings that can't be used. {'; '.join(problems)}.") from None


def read_producer() -> ProducerConfiguration:
    """Give the producer's configuration of this process, from its environment and the producer's JSON.

    Raises:
        SettingsError: names the key, where its value came from, and what is allowed.
    """
    return producer_configuration.read(os.environ)
