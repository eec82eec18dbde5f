import pytest
from pydantic import SecretStr

from pipeline_defs import kafka_topic, provision
from pipeline_defs.database import DatabaseError
from pipeline_defs.errors import SettingsError
from pipeline_defs.kafka_topic import TopicError, TopicShape
from pipeline_defs.legacy_users import Rewrite
from pipeline_defs.settings import Settings


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://pipeline:pw@127.0.0.1:5432/project_streaming", "project_streaming"),
        ("postgresql://pipeline@host/db?sslmode=require", "db"),
        ("postgresql://postgres@host", "postgres"),
    ],
)
def test_the_database_of_an_address(url: str, name: str):
    assert provision.database_name(SecretStr(url)) == name


def test_without_an_admin_address_roles_are_left_alone():
    assert list(provision.cluster(Settings(database_admin_url=None))) == []


def test_missing_passwords_are_named_before_anything_is_changed():
    settings = Settings(
        database_admin_url=SecretStr("postgresql://nowhere"),
        pipeline_password=SecretStr("x"),
        users_stream_password=None,
        dagster_password=None,
    )
    with pytest.raises(SettingsError, match="USERS_STREAM_PASSWORD, DAGSTER_PASSWORD"):
        list(provision.cluster(settings))


def test_without_kafka_there_is_a_sentence_and_no_line_of_its_client(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(kafka_topic, "_CREATE_SECONDS", 1.0)
    with pytest.raises(TopicError, match="See that the brokers run"):
        provision.topic(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("replicas", "in_sync"), [(3, "2"), (2, "1"), (1, "1")])
def test_one_replica_may_be_away_while_records_are_acknowledged(replicas: int, in_sync: str):
    configuration = TopicShape(3, replicas, 24).configuration
    assert configuration["min.insync.replicas"] == in_sync
    assert configuration["retention.ms"] == "86400000"
    assert configuration["cleanup.policy"] == "delete"


def test_brokers_refuse_records_with_a_time_that_spark_cannot_hold():
    oldest = int(TopicShape(3, 3, 24).configuration["message.timestamp.before.max.ms"])
    assert 86_400_000 < oldest < 2**63 // 1000 - 2**53 // 1000


def test_replica_that_lacks_records_never_leads():
    assert TopicShape(3, 3, 24).configuration["unclean.leader.election.enable"] == "false"


@pytest.mark.parametrize(("free", "ends"), [(None, "(free: unknown)"), (12 * 10**9, "(free: 12.0 GB)")])
def test_rewrite_is_sized_up_for_people(free: int | None, ends: str):
    text = provision._size_up(Rewrite(5_000_000, 1_635_000_000), free)
    assert "about 5,000,000 rows, 1.6 GB" in text
    assert text.endswith(ends)


def test_rewrite_without_room_is_refused():
    with pytest.raises(DatabaseError, match=r"needs 1\.6 GB more .* 1\.0 GB are free"):
        provision._size_up(Rewrite(5_000_000, 1_635_000_000), 10**9)
