"""The settings of the pipeline itself that this shell names, or an earlier start did: what its servers are given."""

import os

from pydantic.fields import FieldInfo

from pipeline_defs import producer_configuration
from pipeline_defs.producer_keys import KEYS as PRODUCER_KEYS
from pipeline_defs.settings import Settings as PipelineSettings
from spark import settings as spark_settings
from spark.consumer_keys import KEYS as CONSUMER_KEYS
from stack.errors import StackError

# Settings of the pipeline that follow from the local servers, whatever the shell says.
FROM_SERVERS = {
    *("KAFKA_BOOTSTRAP_SERVERS", "SPARK_MASTER_URL", "SPARK_MASTER_REST_URL", "SPARK_MASTER_UI_URL"),
    *("SPARK_APPLICATION", "SPARK_PYTHON", "SPARK_CLASS_PATH", "DAGSTER_UI_URL"),
    *("USERS_STREAM_DATABASE_URL", "STREAM_CHECKPOINT_ROOT"),
}


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a setting is a password, or an address with one."""
    return "SecretStr" in str(field.annotation)


def chosen_for_dagster() -> dict[str, str]:
    """Give the settings of `pipeline_defs` that are set in this shell, without those that follow from the servers."""
    fields = PipelineSettings.model_fields.items()
    # A password or a URL with one comes from the stack's own file, never from the shell.
    names = {name.upper() for name, field in fields if not is_secret(field)}
    names |= {producer_configuration.FILE_VARIABLE, *(key.variable for key in PRODUCER_KEYS)}
    return {name: value for name, value in os.environ.items() if name in names - FROM_SERVERS}


def chosen_for_the_stream() -> dict[str, str]:
    """Give the settings of `spark` that are set in this shell, without those that follow from the servers."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("STREAM_", "USERS_STREAM_", "KAFKA_TOPIC"))
        and "PASSWORD" not in name
        and name not in FROM_SERVERS
    }


def chosen() -> dict[str, str]:
    """Give the settings of the pipeline, none of them secret, that this shell or an earlier start set otherwise."""
    defaults = {name.upper(): str(field.default) for name, field in PipelineSettings.model_fields.items()}
    defaults |= {key.variable: str(key.default) for key in (*PRODUCER_KEYS, *CONSUMER_KEYS)}
    found = chosen_for_dagster() | chosen_for_the_stream()
    return {name: value for name, value in sorted(found.items()) if value != defaults.get(name)}


def read_consumer() -> spark_settings.Consumer:
    """Give the configuration that the stream will have of this shell and of what is remembered.

    Raises:
        StackError: names the key, where its value came from, and what is allowed.
    """
    try:
        return spark_settings.read_consumer(os.environ)
    except spark_settings.SettingsError as error:
        raise StackError(str(error)) from None


def chosen_source() -> str | None:
    """Give the URL of the API that this shell names, or None where it names none."""
    return os.environ.get("RANDOM_USER_API_URL") or None


def chosen_webhook() -> str | None:
    """Give the alerts' webhook that this shell names: empty to have none, None where it says nothing."""
    return os.environ.get("ALERT_WEBHOOK_URL")
