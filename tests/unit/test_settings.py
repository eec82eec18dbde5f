import pytest
from pydantic import SecretStr

from pipeline_defs.database import DatabaseError, connect
from pipeline_defs.errors import SettingsError
from pipeline_defs.settings import Settings, libpq_address, read_settings


@pytest.fixture(autouse=True)
def forget_what_was_read():
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


def test_defaults_are_those_of_the_local_servers(monkeypatch: pytest.MonkeyPatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    settings = read_settings()
    assert settings.people_per_tick == 10
    assert settings.cadence_seconds == 25
    assert settings.kafka_topic == "random-user"
    assert settings.kafka_bootstrap_servers == "127.0.0.1:9095,127.0.0.1:9096,127.0.0.1:9097"


def test_the_environment_overrules_the_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PEOPLE_PER_TICK", "50")
    monkeypatch.setenv("CADENCE_SECONDS", "10")
    assert (read_settings().people_per_tick, read_settings().cadence_seconds) == (50, 10)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RANDOM_USER_NATIONALITIES", "CH, FR,")
    assert read_settings().random_user_nationalities == ("CH", "FR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_PER_TICK", "ten"),
        ("PEOPLE_PER_TICK", "0"),
        ("PEOPLE_PER_TICK", "5001"),
        ("CADENCE_SECONDS", "4"),
        ("KAFKA_TOPIC", "no blanks"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker:9095;broker:9096"),
        ("SPARK_MASTER_URL", "http://127.0.0.1:7077"),
        ("SPARK_MASTER_REST_URL", "127.0.0.1:6066"),
        ("SPARK_DRIVER_MEMORY", "640 MB"),
        ("SPARK_CORES_MAX", "0"),
        ("RANDOM_USER_API_URL", "ftp://randomuser.me"),
        ("FRESHNESS_WARN_SECONDS", "301"),
        ("FRESHNESS_WARN_SECONDS", "49"),
        ("CADENCE_SECONDS", "61"),
        ("RANDOM_USER_API_URL", "https://randomuser.me/api/?seed=abc"),
        ("RANDOM_USER_NATIONALITIES", "CH,XX"),
        ("RANDOM_USER_INCLUDE", "name,email"),
        ("RANDOM_USER_EXCLUDE", "login"),
    ],
)
def test_a_value_that_cant_be_used_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        read_settings()
    assert "\n" not in str(caught.value)


def test_secrets_show_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://pipeline:tell-nobody@127.0.0.1/project_streaming")
    monkeypatch.setenv("PIPELINE_PASSWORD", "tell-nobody")
    settings = read_settings()
    assert "tell-nobody" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.pipeline_password == SecretStr("tell-nobody")


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_ADMIN_URL", "DAGSTER_POSTGRES_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "postgresql://pipeline:tell-nobody%zz@127.0.0.1/db",
        "postgresql://pipeline:tell-nobody@me@127.0.0.1/db",
        "postgresql://pipeline:tell-nobody/me@127.0.0.1/db",
        "pipeline:tell-nobody@127.0.0.1/db",
        "host=127.0.0.1 password=tell-nobody",
    ],
)
def test_a_malformed_address_is_named_and_its_password_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}: .*percent-encoded") as caught:
        read_settings()
    assert "tell-nobody" not in str(caught.value)


def test_an_address_in_sqlalchemys_way_is_one_of_libpq(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql+psycopg2://dagster:p%40ss@127.0.0.1:5432/dagster")
    url = read_settings().dagster_postgres_url
    assert url
    assert libpq_address(url) == "postgresql://dagster:p%40ss@127.0.0.1:5432/dagster"


def test_an_unread_malformed_address_is_not_quoted_either():
    with pytest.raises(DatabaseError, match="can't be read") as caught:
        connect(SecretStr("postgresql://pipeline:tell-nobody%zz@127.0.0.1/db"))
    assert "tell-nobody" not in str(caught.value)


def test_rejected_records_stay_at_least_as_long_as_the_topics_records(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REJECTED_RETENTION_HOURS", "167")
    with pytest.raises(SettingsError, match="REJECTED_RETENTION_HOURS must not be less than KAFKA_TOPIC_RETENTION"):
        read_settings()
    monkeypatch.setenv("REJECTED_RETENTION_HOURS", "168")
    assert read_settings().rejected_retention_hours == 168
