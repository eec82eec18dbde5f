"""The keys of the consumer's JSON: how each is checked, what Spark calls it, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _earliest_or_latest(value: object) -> str:
    if value not in ("earliest", "latest"):
        raise ValueError('"earliest" or "latest"')
    return value


def _integer_from(least: int, most: int = 2**31 - 1) -> Callable[[object], str]:
    def integer(value: object) -> str:
        text = str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return str(int(text))

    return integer


@dataclass(frozen=True)
class Key:
    """One key of the consumer's JSON.

    Attributes:
        name: as the JSON has it; Kafka's own keys may have the prefix `kafka.` or not.
        check: gives the value as text, or a ValueError that says what is allowed.
        default: where neither the environment nor the JSON has it.
        variable: the environment variable that comes before the JSON.
        option: Spark's name of it; empty where the stream itself does what it says.
        explanation: what it does here.
        differs: why the default is not the seed's value, where it isn't.
    """

    name: str
    check: Callable[[object], str]
    default: str | int
    variable: str
    option: str
    explanation: str
    differs: str = ""


def _kafka(name: str, check: Callable[[object], str], default: str | int, explanation: str, differs: str = "") -> Key:
    # Spark ignores a consumer's key without the prefix, in silence.
    return Key(name, check, default, "STREAM_" + name.upper().replace(".", "_"), f"kafka.{name}", explanation, differs)


KEYS = (
    Key(
        "kafka.bootstrap.servers",
        _text,
        "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097",
        "KAFKA_BOOTSTRAP_SERVERS",
        "kafka.bootstrap.servers",
        "Brokers to begin with, as host:port separated by commas.",
        differs="The seed's are containers; these are the local brokers.",
    ),
    Key("subscribe", _text, "random-user", "KAFKA_TOPIC", "subscribe", "The one topic that is read."),
    Key(
        "startingOffsets",
        _earliest_or_latest,
        "earliest",
        "STREAM_STARTING_OFFSETS",
        "startingOffsets",
        "`earliest` or `latest`. It counts once, on the first start of all: from then on the ledger says where to go "
        "on, and a partition that is added later is read from its beginning.",
        differs="The seed's `latest` skips what was sent before the stream's first start.",
    ),
    Key(
        "maxOffsetsPerTrigger",
        _integer_from(1),
        5000,
        "STREAM_MAX_OFFSETS_PER_TRIGGER",
        "maxOffsetsPerTrigger",
        "The most records in a batch, over all partitions. It bounds a batch's size after an outage.",
    ),
    Key(
        "triggerSeconds",
        _integer_from(0),
        0,
        "STREAM_TRIGGER_SECONDS",
        "",
        "Seconds from the start of a batch to the start of the next: the stream's trigger, so no option of its source. "
        "With 0 a batch begins when the one before has ended; while nothing comes, Kafka is asked ten times a second.",
    ),
    _kafka("fetch.max.bytes", _integer_from(1000, 999_999_488), 104857600, "The most bytes in one answer of a broker."),
    _kafka(
        "fetch.min.bytes",
        _integer_from(1, 100_000_000),
        1,
        "A broker waits until it has so many bytes, or `fetch.max.wait.ms` is over.",
        differs="The seed's 1 MiB makes small reads wait: ten people are 11 kB, so each would take the whole "
        "`fetch.max.wait.ms`.",
    ),
    _kafka(
        "fetch.max.wait.ms",
        _integer_from(0),
        500,
        "Taken for compatibility. A task reads what is there already, so it lets a broker wait for 50 ms at most.",
    ),
    _kafka(
        "max.partition.fetch.bytes",
        _integer_from(1, 1_000_000_000),
        1048576,
        "The most bytes of one partition in one answer; a larger record comes all the same.",
    ),
    _kafka(
        "session.timeout.ms",
        _integer_from(1),
        30000,
        "Taken for compatibility. Tasks are given their partitions, so no group session runs.",
    ),
    _kafka("heartbeat.interval.ms", _integer_from(1), 10000, "As above; it must be less than `session.timeout.ms`."),
)

# What librdkafka, which reads the records, calls the keys that it has too.
CLIENT_NAMES = {
    "kafka.bootstrap.servers": "bootstrap.servers",
    "fetch.max.bytes": "fetch.max.bytes",
    "fetch.min.bytes": "fetch.min.bytes",
    "max.partition.fetch.bytes": "max.partition.fetch.bytes",
}

# What would break the ledger's promises, and why.
REFUSED = {
    "minPartitions": "a task must be one whole Kafka partition, or the ledger could not lock it",
    "maxRecordsPerPartition": "a task must be one whole Kafka partition, or the ledger could not lock it",
    "group.id": "offsets are in the ledger, and a shared group would disturb the tasks' reading",
    "groupIdPrefix": "offsets are in the ledger; there is no consumer group",
    "auto.offset.reset": "the ledger says where to go on; startingOffsets says where to begin",
    "enable.auto.commit": "offsets are in the ledger",
    "isolation.level": "the ledger is settled with committed records, so only these may be read",
    "failOnDataLoss": "lost offsets must end the driver, whose next start accounts for them",
    "startingOffsetsByTimestamp": "startingOffsets takes earliest or latest only",
    "startingTimestamp": "startingOffsets takes earliest or latest only",
    "endingOffsets": "a stream has no end",
    "assign": "subscribe names the one topic",
    "subscribePattern": "subscribe names the one topic",
}
