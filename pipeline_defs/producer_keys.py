"""The keys of the producer's JSON, and what each is to confluent-kafka.

The keys are those of the Java client; confluent-kafka has names, units and bounds of its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

# From sending a record to giving it up. A tick has to end within its slot, so no key changes this.
DELIVERY_SECONDS = 12.0

_LARGEST = 2**31 - 1
_SERIALIZERS = tuple(f"org.apache.kafka.common.serialization.{kind}Serializer" for kind in ("String", "ByteArray"))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _servers(value: object) -> str:
    allowed = "host:port, and several of them separated by commas"
    if not isinstance(value, str):
        raise ValueError(allowed)
    servers = [server.strip() for server in value.split(",")]
    if not all(re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}", server) for server in servers):
        raise ValueError(allowed)
    return ",".join(servers)


def _topic(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", value):
        raise ValueError("a topic's name: 1 to 249 letters, digits, dots, dashes and underscores")
    return value


def _every_replica(value: object) -> str:
    if isinstance(value, bool) or str(value) not in ("all", "-1"):
        raise ValueError('"all" or -1, which is the same; with less, people who count as sent could be lost')
    return "all"


def _one_of(*allowed: str) -> Callable[[object], str]:
    def one_of(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(" or ".join(allowed))
        return value

    return one_of


def _integer(least: int, most: int) -> Callable[[object], str]:
    def integer(value: object) -> str:
        text = str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return str(int(text))

    return integer


@dataclass(frozen=True)
class Key:
    """One key of the producer's JSON.

    Attributes:
        name: as the JSON has it.
        check: gives the value as text, or a ValueError that says what is allowed.
        default: where neither the environment nor the JSON has it.
        properties: confluent-kafka's names of it; none where it has no property, and then the explanation says why.
        explanation: what it does here.
        differs: why the default is not the seed's value, where it isn't.
        shared_variable: its variable where the consumer, or all of Dagster's side, has the same one.
        unit: how many of the key's unit make one of the property's.
    """

    name: str
    check: Callable[[object], str]
    default: str | int
    properties: tuple[str, ...]
    explanation: str
    differs: str = ""
    shared_variable: str = ""
    unit: int = 1

    @property
    def variable(self) -> str:
        """The environment variable that comes before the JSON."""
        return self.shared_variable or f"KAFKA_PRODUCER_{self.name.upper()}"


KEYS = (
    Key(
        "client_id",
        _text,
        "random_user_topic",
        ("client.id",),
        "The name by which the brokers' logs and metrics know this producer.",
        differs="The seed's is `airflow_producer`. No Airflow sends here; the name is that of the asset.",
    ),
    Key(
        "bootstrap_servers",
        _servers,
        "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097",
        ("bootstrap.servers",),
        "Brokers to begin with, as host:port separated by commas. All of Dagster's side asks these.",
        differs="The seed's are containers; these are the local brokers.",
        shared_variable="KAFKA_BOOTSTRAP_SERVERS",
    ),
    Key(
        "kafka_topic",
        _topic,
        "random-user",
        (),
        "The topic. The seed keeps it in a variable beside its JSON; here that is KAFKA_TOPIC, and the JSON may have "
        "it too. It is no property of a client: each record is sent with it. The stream must read the same topic.",
        shared_variable="KAFKA_TOPIC",
    ),
    Key(
        "key_serializer",
        _one_of(*_SERIALIZERS),
        _SERIALIZERS[0],
        (),
        "A class of the Java client, so it has no property: the key is a person's uuid, sent as its UTF-8 bytes.",
    ),
    Key(
        "value_serializer",
        _one_of(*_SERIALIZERS),
        _SERIALIZERS[0],
        (),
        "As above: the value is the person's JSON, sent as the API's own UTF-8 bytes.",
    ),
    Key(
        "acks",
        _every_replica,
        "all",
        ("acks",),
        "A record counts as sent when all replicas in sync have it. Fewer would break the promise that none is lost.",
    ),
    Key(
        "retries",
        _integer(1, _LARGEST),
        _LARGEST,
        ("retries",),
        "How often a record is sent again after an error that may pass. Idempotence needs at least 1.",
        differs="The seed's three can be over before a partition has a new leader. The delivery limit ends these.",
    ),
    Key(
        "linger_ms",
        _integer(0, int(DELIVERY_SECONDS * 1000) - 1),
        5,
        ("linger.ms",),
        "How long a record waits for others to go with it. It must be less than the delivery limit of 12 s.",
    ),
    Key("batch_size", _integer(1, _LARGEST), 16384, ("batch.size",), "The most bytes of one batch to one partition."),
    Key(
        "compression_type",
        _one_of("none", "gzip", "snappy", "lz4", "zstd"),
        "gzip",
        ("compression.type",),
        "How a batch is compressed.",
    ),
    Key(
        "max_in_flight_requests_per_connection",
        _integer(1, 5),
        1,
        ("max.in.flight.requests.per.connection",),
        "Requests to a broker that may be unanswered at a time. Idempotence allows at most 5.",
    ),
    Key(
        "request_timeout_ms",
        _integer(10, 300_000),
        20000,
        ("request.timeout.ms", "socket.timeout.ms"),
        "How long a broker may take to answer. The Java client has one limit for the broker's wait for replicas and "
        "for its own wait for the answer; here these are two properties. The delivery limit of 12 s comes first.",
    ),
    Key(
        "buffer_memory",
        _integer(1024, _LARGEST * 1024),
        5242880,
        ("queue.buffering.max.kbytes",),
        "The most bytes of records that wait to be sent, rounded up to whole KiB.",
        unit=1024,
    ),
    Key(
        "max_block_ms",
        _integer(1, _LARGEST),
        5000,
        (),
        "How long sending may block. confluent-kafka never blocks there and has no property for it, so the sender "
        "does it: the bound of the first connection (before its slot, so never more than 3 s) and of waiting for room "
        "among the records to be sent (within the delivery limit).",
    ),
)  # fmt: skip
