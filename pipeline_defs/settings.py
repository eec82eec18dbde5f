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
from pipeline_defs.random_user.errors import InvalidRequestError
from pipeline_defs.random_user.options import checked_parameters, checked_url
from pipeline_defs.stream_judgements import LagLimits
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


def _webhook(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str) and not value.startswith(("http://", "https://")):
        raise ValueError("it must start with http:// or https:// (its value is not shown here)")
    return value


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

    random_user_api_url: HttpAddress = Field(
        default="https://randomuser.me/api/1.4/",
        description="Where people come from: any server of the RandomUser API.",
    )
    random_user_nationalities: Names = Field(
        default=(), description="Nationalities to ask for, such as `CH,FR`; empty asks for all."
    )
    random_user_include: Names = Field(
        default=(), description="Fields to ask for; empty asks for all. What `users` needs must be among them."
    )
    random_user_exclude: Names = Field(default=(), description="Fields to leave out; none that `users` needs.")
    people_per_tick: int = Field(default=10, ge=1, le=5000, description="People in each tick.")
    cadence_seconds: int = Field(
        default=25,
        ge=5,
        le=3600,
        description="Seconds from slot to slot; slots are the multiples of it in epoch seconds.",
    )

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

    # These two are the producer's keys as well, and checked there.
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097",
        description="Brokers to begin with, as host:port separated by commas; the producer's `bootstrap_servers`.",
    )
    kafka_topic: str = Field(default="random-user", description="The topic; the producer's `kafka_topic`.")
    kafka_topic_partitions: int = Field(
        default=3, ge=1, description="Partitions that provisioning gives the topic; one that has more keeps them."
    )
    kafka_topic_replicas: int = Field(
        default=3,
        ge=1,
        description="Replicas of each partition of a new topic. One may be away while records are acknowledged.",
    )
    kafka_topic_retention_hours: int = Field(default=168, ge=1, description="Hours for which the topic keeps records.")

    database_url: DatabaseAddress = Field(
        default=SecretStr("postgresql://pipeline@127.0.0.1:5432/project_streaming"),
        description="The database of `users` and the ledger, as the role that owns the tables.",
    )
    database_admin_url: DatabaseAddress | None = Field(
        default=None,
        description="A superuser's address: provisioning then makes roles and databases, and needs their passwords.",
    )
    pipeline_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role pipeline."
    )
    users_stream_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role users_stream."
    )
    dagster_password: SecretStr | None = Field(
        default=None, description="Password that provisioning gives the role dagster."
    )

    spark_master_url: SparkAddress = Field(
        default="spark://127.0.0.1:7077", description="The Spark master, for the stream's driver."
    )
    spark_master_rest_url: HttpAddress = Field(
        default="http://127.0.0.1:6066",
        description="The master's REST API, through which the stream is started and ended.",
    )
    spark_master_ui_url: HttpAddress = Field(
        default="http://127.0.0.1:8080", description="The master's web UI, whose JSON says what runs."
    )
    spark_application: str = Field(
        default=str(_REPOSITORY / "spark" / "users_stream.py"),
        description="The stream's script, as the workers see it.",
    )
    spark_python: str = Field(default=sys.executable, description="The Python that runs it on the workers.")
    spark_class_path: str = Field(
        default="", description="Where the workers have the Kafka connector; empty: with Spark's jars."
    )
    spark_driver_memory: Memory = Field(default="640m", description="Heap of the driver, such as `640m` or `1g`.")
    spark_executor_memory: Memory = Field(default="640m", description="Heap of each executor.")
    spark_cores_max: int = Field(default=3, ge=1, description="The most cores that all executors use together.")
    spark_workers: int = Field(default=2, ge=1, description="Workers that `spark_healthy` expects.")

    stream_variables: Mapping[str, str] = Field(
        default_factory=_stream_variables,
        exclude=True,
        description="No setting: what the stream is given, here only to tell one configuration of it from another.",
    )

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
    supervisor_graceful_stop_seconds: Seconds = Field(
        default=60,
        description="A driver that nobody wants gets so long to finish its batch, and once more as long to be ended.",
    )
    supervisor_surplus_seconds: Seconds = Field(
        default=60, description="Of two drivers, one ends by itself; after this it is ended."
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

    alert_webhook_url: Annotated[SecretStr | None, BeforeValidator(_webhook)] = Field(
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
    def _asks_for_what_the_api_has(self) -> "Settings":
        try:
            checked_url(self.random_user_api_url)
            checked_parameters(
                self.random_user_api_url,
                self.random_user_nationalities,
                self.random_user_include,
                self.random_user_exclude,
            )
        except InvalidRequestError as error:
            raise ValueError(str(error).removesuffix(".")) from None
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
    def kafka_brokers(self) -> int:
        """How many brokers are expected: each of KAFKA_BOOTSTRAP_SERVERS is one."""
        return len(self.kafka_bootstrap_servers.split(","))

    @property
    def unwell_after(self) -> timedelta:
        """How long the stream may be on its way before `stream_running` fails."""
        return timedelta(seconds=self.unwell_seconds)

    @property
    def lag_limits(self) -> LagLimits:
        """From where `stream_lag` warns and fails."""
        return LagLimits(self.lag_warn_records, self.lag_fail_records, self.lag_warn_seconds, self.lag_fail_seconds)

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
