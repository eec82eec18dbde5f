"""The producer's keys: the seed's file, precedence, errors, and a real client that takes what they become."""

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline_defs.errors import SettingsError
from pipeline_defs.kafka_sender import DeliveryError, Record, Sender
from pipeline_defs.kafka_topic import Topic
from pipeline_defs.producer_configuration import FIXED, PRODUCER_FILE, configure, read
from pipeline_defs.producer_keys import DELIVERY_SECONDS, KEYS

# As it stands in the README of the project that this one replaces.
SEED_FILE = Path(__file__).parents[1] / "seed" / "producer.json"
SEED = json.loads(SEED_FILE.read_text())
BYTES = "org.apache.kafka.common.serialization.ByteArraySerializer"


def test_the_seeds_file_is_taken_as_it_stands_and_becomes_confluent_kafkas_properties():
    configuration = read({"KAFKA_PRODUCER_FILE": str(SEED_FILE)})
    assert configuration.properties == {
        "client.id": "airflow_producer",
        "bootstrap.servers": "kafka-broker-1:9095,kafka-broker-2:9096,kafka-broker-3:9097",
        "acks": "all",
        "retries": "3",
        "linger.ms": "5",
        "batch.size": "16384",
        "compression.type": "gzip",
        "max.in.flight.requests.per.connection": "1",
        "request.timeout.ms": "20000",
        "socket.timeout.ms": "20000",
        "queue.buffering.max.kbytes": "5120",
        "enable.idempotence": "true",
        "delivery.timeout.ms": "12000",
        "partitioner": "murmur2_random",
    }
    assert configuration.block_seconds == 5.0
    assert configuration.topic == "random-user"
    assert {name: configuration.origins[name] for name in SEED} == dict.fromkeys(SEED, str(SEED_FILE))


def test_the_shipped_file_has_the_seeds_keys_the_defaults_and_a_reason_for_each_difference():
    shipped = json.loads(PRODUCER_FILE.read_text())
    assert list(shipped) == list(SEED)
    assert shipped == {key.name: key.default for key in KEYS if key.name in SEED}
    assert {key.name for key in KEYS if key.differs} == {name for name in SEED if shipped[name] != SEED[name]}


def test_every_key_has_a_property_or_says_what_is_done_in_its_place():
    without = {key.name for key in KEYS if not key.properties}
    assert without == {"kafka_topic", "key_serializer", "value_serializer", "max_block_ms"}
    assert all("no property" in key.explanation or "As above" in key.explanation for key in KEYS if not key.properties)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", "someone"),
        ("bootstrap_servers", "[::1]:9095, broker-2.local:9096"),
        ("kafka_topic", "random_user.2"),
        ("key_serializer", BYTES),
        ("value_serializer", BYTES),
        ("acks", "all"),
        ("acks", "-1"),
        ("acks", -1),
        *(("retries", value) for value in (1, 2147483647)),
        *(("linger_ms", value) for value in (0, 11999, "7")),
        *(("batch_size", value) for value in (1, 2147483647)),
        *(("compression_type", value) for value in ("none", "gzip", "snappy", "lz4", "zstd")),
        *(("max_in_flight_requests_per_connection", value) for value in (1, 5)),
        *(("request_timeout_ms", value) for value in (10, 300000)),
        *(("buffer_memory", value) for value in (1024, 1025, 2147483647 * 1024)),
        *(("max_block_ms", value) for value in (1, 2147483647)),
    ],
)
def test_a_real_producer_takes_all_that_is_allowed(name: str, value: object):
    assert Producer({**configure({}, {name: value}).properties, "log_level": 0}) is not None
    [variable] = [key.variable for key in KEYS if key.name == name]
    assert configure({variable: str(value)}, {}).values[name] == configure({}, {name: value}).values[name]


@pytest.mark.parametrize(("memory", "kib"), [(1024, "1"), (1025, "2"), (5242880, "5120")])
def test_buffer_memory_is_rounded_up_to_whole_kib(memory: int, kib: str):
    assert configure({}, {"buffer_memory": memory}).properties["queue.buffering.max.kbytes"] == kib


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("client_id", " ", "a text"),
        ("client_id", 7, "a text"),
        ("bootstrap_servers", "kafka-broker-1", "host:port"),
        ("bootstrap_servers", "a:1;b:2", "host:port"),
        ("bootstrap_servers", ["kafka-broker-1:9095"], "host:port"),
        ("kafka_topic", "no blanks", "a topic's name: 1 to 249 letters"),
        ("kafka_topic", "", "a topic's name: 1 to 249 letters"),
        (
            "key_serializer",
            "org.apache.kafka.common.serialization.LongSerializer",
            "org.apache.kafka.common.serialization.StringSerializer or",
        ),
        ("value_serializer", None, "org.apache.kafka.common.serialization.StringSerializer or"),
        ("acks", "1", '"all" or -1, which is the same; with less, people who count as sent could be lost'),
        ("acks", 0, '"all" or -1'),
        ("acks", True, '"all" or -1'),
        ("retries", 0, "a whole number from 1 to 2147483647"),
        ("retries", 2**31, "a whole number from 1 to 2147483647"),
        ("linger_ms", -1, "a whole number from 0 to 11999"),
        ("linger_ms", 12000, "a whole number from 0 to 11999"),
        ("linger_ms", "soon", "a whole number from 0 to 11999"),
        ("batch_size", 0, "a whole number from 1 to 2147483647"),
        ("batch_size", 1.5, "a whole number from 1 to 2147483647"),
        ("batch_size", True, "a whole number from 1 to 2147483647"),
        ("batch_size", [16384], "a whole number from 1 to 2147483647"),
        ("compression_type", "brotli", "none or gzip or snappy or lz4 or zstd"),
        ("max_in_flight_requests_per_connection", 6, "a whole number from 1 to 5"),
        ("request_timeout_ms", 9, "a whole number from 10 to 300000"),
        ("request_timeout_ms", "٣٠", "a whole number from 10 to 300000"),
        ("buffer_memory", 1023, "a whole number from 1024 to 2199023254528"),
        ("max_block_ms", 0, "a whole number from 1 to 2147483647"),
    ],
)
def test_an_impossible_value_is_named_with_where_it_came_from_and_what_is_allowed(
    name: str, value: object, allowed: str
):
    with pytest.raises(SettingsError) as refused:
        configure({}, {name: value}, "/etc/mine.json")
    assert str(refused.value).startswith(f"{name} (from /etc/mine.json) is {json.dumps(value)}. Allowed: {allowed}")
    assert "\n" not in str(refused.value)


def test_an_impossible_variable_is_named_by_its_own_name():
    with pytest.raises(SettingsError) as refused:
        configure({"KAFKA_PRODUCER_ACKS": "1"}, {})
    assert str(refused.value) == (
        'KAFKA_PRODUCER_ACKS (from environment) is "1". '
        'Allowed: "all" or -1, which is the same; with less, people who count as sent could be lost.'
    )


def test_an_unknown_key_is_named_with_all_that_is_allowed():
    with pytest.raises(
        SettingsError, match=r"^linger\.ms \(from producer\.json\) is unknown\. Allowed.*: client_id,.*"
    ):
        configure({}, {"linger.ms": 5})


@pytest.mark.parametrize(
    ("variable", "in_file", "value", "origin"),
    [
        (None, None, "5", "default"),
        (None, 7, "7", "producer.json"),
        ("9", 7, "9", "environment"),
        ("9", None, "9", "environment"),
        ("", 7, "7", "producer.json"),
    ],
)
def test_environment_before_file_before_default(variable: str | None, in_file: int | None, value: str, origin: str):
    environment = {} if variable is None else {"KAFKA_PRODUCER_LINGER_MS": variable}
    configuration = configure(environment, {} if in_file is None else {"linger_ms": in_file})
    assert (configuration.values["linger_ms"], configuration.origins["linger_ms"]) == (value, origin)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read (No such file or directory). Name a file with one JSON object."),
        ("{'acks': 'all'}", "is no JSON: Expecting property name"),
        ("", "is no JSON: Expecting value"),
        ("[]", "holds no JSON object. Allowed: one JSON object, with the producer's keys."),
        ('"all"', "holds no JSON object"),
    ],
)
def test_a_file_that_cant_be_used_is_named_with_the_variable_that_names_it(
    content: str | None, says: str, tmp_path: Path
):
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=re.escape(f"{file} (from KAFKA_PRODUCER_FILE) {says}")):
        read({"KAFKA_PRODUCER_FILE": str(file)})


def test_no_key_changes_the_delivery_limit_or_idempotence():
    assert not {name for key in KEYS for name in key.properties} & set(FIXED)
    assert FIXED["delivery.timeout.ms"] == str(int(DELIVERY_SECONDS * 1000))


def test_a_topic_gives_its_producer_the_configuration():
    topic = Topic("127.0.0.1:1", "random-user", configure({}, SEED))
    assert topic.producer.properties["client.id"] == "airflow_producer"


PERSON = Record("a", b"x" * 600, {})
# Nobody listens there.
NOWHERE = configure({}, {"bootstrap_servers": "127.0.0.1:1", "buffer_memory": 1024}).properties | {"log_level": "0"}


class LaterProducer(Producer):
    """A client that has no room for the first records, as many times as it is told."""

    refusals = 3
    taken = 0

    def produce(self, *_: object, **__: object) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BufferError("Local: Queue full")
        self.taken += 1

    def flush(self, timeout: float | None = None) -> int:  # noqa: ARG002 - the client's own signature
        return 0


def test_a_record_waits_for_room():
    later = LaterProducer(NOWHERE)
    Sender(later, "random-user", block_seconds=60.0).send([PERSON])
    assert (later.refusals, later.taken) == (0, 1)


def test_waiting_for_room_ends_after_max_block_ms():
    full = Producer(NOWHERE)
    with pytest.raises(DeliveryError, match="acknowledged 0 of 2 records: Local: Queue full"):
        Sender(full, "random-user", block_seconds=0.01).send([PERSON, PERSON])
    full.purge()
    full.flush(10)


def test_connecting_ends_after_max_block_ms_and_before_the_slot():
    given: list[float] = []

    class Silent(Producer):
        def list_topics(self, topic: str | None = None, timeout: float = -1) -> NoReturn:  # noqa: ARG002
            given.append(timeout)
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    for block_seconds in (0.5, 5.0):
        Sender(Silent(NOWHERE), "random-user", block_seconds).connect()
    assert given == [0.5, 3.0]
