"""What the environment decides: addresses, passwords, sizes. Typed, checked, and read once."""

import os
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipeline_defs import producer_configuration
from pipeline_defs.errors import SettingsError
from pipeline_defs.producer_configuration import ProducerConfiguration
from pipeline_defs.supervision.world import Limits

_REPOSITORY = Path(__file__).parent.parent
_OF_THE_STREAM = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC")


def _address_starting_with(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if not value.startswith(schemes):
            raise ValueError(f"it must start with {' or '.join(schemes)}")
        return value

    return AfterValidator(check)


def libpq_address(url: SecretStr) -> str:
    """Give a PostgreSQL address as libpq reads it: SQLAlchemy's, as Dagster takes it, also names the driver."""
    return url.get_secret_value().replace("postgresql+psycopg2://", "postgresql://", 1)


def _database_address(value: SecretStr) -> SecretStr:
    address = libpq_address(value)
    try:
        parts = parse_dsn(address)
    except (psycopg2.Error, ValueError):
        parts = {"port": "unreadable"}
    # What is not percent-encoded in a password spills over into host, port or database, which later errors quote.
    spilt = "@" in parts.get("host", "") + parts.get("dbname", "") or not re.fullmatch(r"\d*", parts.get("port", ""))
    if spilt or not address.startswith(("postgresql://", "postgres://")):
        raise ValueError(
            "it must read postgresql://user:password@host:port/database, with special characters of the password "
            "percent-encoded (its value is not shown here)"
        )
    return value


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _stream_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _OF_THE_STREAM or name.startswith("STREAM_")}


DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
HttpAddress = Annotated[str, _address_starting_with("http://", "https://")]
SparkAddress = Annotated[str, _address_starting_with("spark://")]
# As it stands in the environment: values separated by commas.
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Memory = Annotated[str, Field(pattern=r"^[1-9]\d*[kmg]$")]
Seconds = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Every setting of the Dagster side. The name of a variable is the name of its field in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    random_user_api_url: HttpAddress = "https://randomuser.me/api/1.4/"
    random_user_nationalities: Names = ()
    random_user_include: Names = ()
    random_user_exclude: Names = ()
    people_per_tick: Annotated[int, Field(ge=1, le=5000)] = 10
    cadence_seconds: Annotated[int, Field(ge=5, le=3600)] = 25

    freshness_warn_seconds: Annotated[int, Field(ge=1)] = 120
    freshness_fail_seconds: Annotated[int, Field(ge=1)] = 300

    # These two are the producer's keys as well, and checked there.
    kafka_bootstrap_servers: str = "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097"
    kafka_topic: str = "random-user"
    kafka_topic_partitions: Annotated[int, Field(ge=1)] = 3
    kafka_topic_replicas: Annotated[int, Field(ge=1)] = 3
    kafka_topic_retention_hours: Annotated[int, Field(ge=1)] = 168

    database_url: DatabaseAddress = SecretStr("postgresql://pipeline@127.0.0.1:5432/project_streaming")
    database_admin_url: DatabaseAddress | None = None
    pipeline_password: SecretStr | None = None
    users_stream_password: SecretStr | None = None
    dagster_password: SecretStr | None = None

    spark_master_url: SparkAddress = "spark://127.0.0.1:7077"
    spark_master_rest_url: HttpAddress = "http://127.0.0.1:6066"
    spark_master_ui_url: HttpAddress = "http://127.0.0.1:8080"
    spark_application: str = str(_REPOSITORY / "spark" / "users_stream.py")
    spark_python: str = sys.executable
    spark_class_path: str = ""
    spark_driver_memory: Memory = "640m"
    spark_executor_memory: Memory = "640m"
    spark_cores_max: Annotated[int, Field(ge=1)] = 3

    # What the stream is given by the environment, here only to tell one configuration of it from another.
    stream_variables: Mapping[str, str] = Field(default_factory=_stream_variables)

    supervisor_silent_seconds: Seconds = 60
    supervisor_stalled_seconds: Seconds = 60
    supervisor_restart_stalled_seconds: Seconds = 240
    supervisor_register_seconds: Seconds = 180
    supervisor_graceful_stop_seconds: Seconds = 60
    supervisor_surplus_seconds: Seconds = 60
    supervisor_ask_for_help_seconds: Seconds = 300
    supervisor_idle_seconds: Seconds = 120
    supervisor_catching_up_records: Annotated[int, Field(ge=1)] = 5000
    supervisor_backoff_seconds: Seconds = 30
    supervisor_longest_backoff_seconds: Seconds = 480
    supervisor_breaker_starts: Annotated[int, Field(ge=2)] = 6
    supervisor_breaker_window_seconds: Seconds = 900

    dagster_ui_url: HttpAddress = "http://127.0.0.1:3000"
    dagster_postgres_url: DatabaseAddress | None = None
    run_retention_hours: Annotated[int, Field(ge=1)] = 72
    event_retention_hours: Annotated[int, Field(ge=1)] = 72
    rejected_retention_hours: Annotated[int, Field(ge=1)] = 720

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> "Settings":
        if self.freshness_warn_seconds > self.freshness_fail_seconds:
            raise ValueError("FRESHNESS_WARN_SECONDS must not be more than FRESHNESS_FAIL_SECONDS")
        return self

    @model_validator(mode="after")
    def _rejected_records_outlive_the_topic(self) -> "Settings":
        if self.rejected_retention_hours < self.kafka_topic_retention_hours:
            raise ValueError(
                "REJECTED_RETENTION_HOURS must not be less than KAFKA_TOPIC_RETENTION_HOURS: a rejected record "
                "must outlive the record in Kafka, with which the check nothing_lost compares it"
            )
        return self

    @property
    def warn_after(self) -> timedelta:
        """The age of the newest row from which `freshness` warns."""
        return timedelta(seconds=self.freshness_warn_seconds)

    @property
    def fail_after(self) -> timedelta:
        """The age of the newest row from which `freshness` fails."""
        return timedelta(seconds=self.freshness_fail_seconds)

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
        problems = [": ".join((*map(str.upper, map(str, each["loc"][:1])), each["msg"])) for each in error.errors()]
        raise SettingsError(f"The environment has settings that can't be used. {'; '.join(problems)}.") from None


def read_producer() -> ProducerConfiguration:
    """Give the producer's configuration of this process, from its environment and the producer's JSON.

    Raises:
        SettingsError: names the key, where its value came from, and what is allowed.
    """
    return producer_configuration.read(os.environ)
