"""Where Kafka is, and how the topic is made."""

from pydantic import Field
from pydantic_settings import BaseSettings


class KafkaSettings(BaseSettings):
    """The brokers and the topic."""

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

    @property
    def kafka_brokers(self) -> int:
        """How many brokers are expected: each of KAFKA_BOOTSTRAP_SERVERS is one."""
        return len(self.kafka_bootstrap_servers.split(","))
