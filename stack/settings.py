"""The settings of the local servers: environment first, then what the last `pipeline up` used, then the default."""

import json
import os
import pwd
import stat
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, JsonConfigSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline_defs import producer_configuration
from pipeline_defs.producer_keys import KEYS as PRODUCER_KEYS
from pipeline_defs.settings import Settings as PipelineSettings
from spark import settings as spark_settings
from spark.consumer_keys import KEYS as CONSUMER_KEYS
from stack.errors import MachineError, StackError

REPOSITORY = Path(__file__).resolve().parent.parent

# PostgreSQL refuses to run as root; this account then runs it.
UNPRIVILEGED_ACCOUNT = "nobody"

# The file in the state folder that keeps the ports and the chosen settings of the last `pipeline up`.
REMEMBERED = "settings.json"
_CHOSEN = "environment"

# What the servers take over from the shell that starts them. Everything else would make them differ by shell.
_INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_TOOL_OPTIONS"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)

# Settings of the pipeline that follow from the local servers, whatever the shell says.
FROM_SERVERS = {
    *("KAFKA_BOOTSTRAP_SERVERS", "SPARK_MASTER_URL", "SPARK_MASTER_REST_URL", "SPARK_MASTER_UI_URL"),
    *("SPARK_APPLICATION", "SPARK_PYTHON", "SPARK_CLASS_PATH", "DAGSTER_UI_URL"),
    *("USERS_STREAM_DATABASE_URL", "STREAM_CHECKPOINT_ROOT"),
}

# Variables that name a file. The servers run in other folders than the shell.
_FILES = (producer_configuration.FILE_VARIABLE, spark_settings.FILE_VARIABLE)

Folder = Annotated[Path, AfterValidator(Path.absolute)]
Port = Annotated[int, Field(ge=1, le=65535)]


def enterable_by_others(folder: Path) -> bool:
    """Tell whether an unprivileged account can pass through this folder and all above it (those that exist)."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents) if path.exists())


def default_state() -> Path:
    """Give the folder of all run state: `.state` in the repository, or one below /var/lib where that can't serve.

    As root, PostgreSQL runs as an unprivileged account, which can't enter a clone below /root. Permissions outside of
    the state folder are nobody's to change, so the state goes elsewhere, to a folder of its own for each clone.
    """
    if os.geteuid() == 0 and not enterable_by_others(REPOSITORY):
        clone = sha256(str(REPOSITORY).encode()).hexdigest()[:10]
        return Path("/var/lib/random-user-pipeline") / clone
    return REPOSITORY / ".state"


def _default_cache() -> Path:
    return (Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "random-user-pipeline").absolute()


class Settings(BaseSettings):
    """How and where the local servers run; each field is the environment variable `PIPELINE_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="PIPELINE_", env_ignore_empty=True, extra="ignore", frozen=True)

    state: Folder = Field(
        default_factory=default_state,
        description="Folder of all run state: `.state` in the clone, or one of its own below /var/lib where PostgreSQL "
        "can't enter the clone.",
    )
    cache: Folder = Field(
        default_factory=_default_cache,
        description="Folder of downloaded jars, shared by clones: `random-user-pipeline` in the user's cache folder.",
    )
    maven_repository: str = Field(
        default="", description="Root URL of a mirror to fetch the jars from; empty takes Ivy's default."
    )
    java_home: Path | None = Field(
        default=None, description="Java 17 or 21; empty takes JAVA_HOME, then `java` on the PATH."
    )
    port_offset: int = Field(default=0, description="Added to every port below, to move a whole stack.")

    controller_1_port: Annotated[Port, Field(description="Port of Kafka's first controller.")] = 9191
    controller_2_port: Annotated[Port, Field(description="Port of Kafka's second controller.")] = 9192
    controller_3_port: Annotated[Port, Field(description="Port of Kafka's third controller.")] = 9193
    broker_1_port: Annotated[Port, Field(description="Port of Kafka's first broker.")] = 9095
    broker_2_port: Annotated[Port, Field(description="Port of Kafka's second broker.")] = 9096
    broker_3_port: Annotated[Port, Field(description="Port of Kafka's third broker.")] = 9097
    postgres_port: Annotated[Port, Field(description="Port of PostgreSQL.")] = 5432
    spark_master_port: Annotated[Port, Field(description="Port of the Spark master.")] = 7077
    spark_master_ui_port: Annotated[Port, Field(description="Port of the Spark master's web UI.")] = 8080
    spark_master_rest_port: Annotated[
        Port, Field(description="Port of the Spark master's REST API, which runs code.")
    ] = 6066
    spark_worker_1_port: Annotated[Port, Field(description="Port of the first Spark worker.")] = 7078
    spark_worker_2_port: Annotated[Port, Field(description="Port of the second Spark worker.")] = 7079
    spark_worker_1_ui_port: Annotated[Port, Field(description="Port of the first Spark worker's web UI.")] = 8081
    spark_worker_2_ui_port: Annotated[Port, Field(description="Port of the second Spark worker's web UI.")] = 8082
    dagster_code_port: Annotated[Port, Field(description="Port of Dagster's code location.")] = 4000
    dagster_webserver_port: Annotated[Port, Field(description="Port of Dagster's web UI.")] = 3000
    random_user_api_port: Annotated[Port, Field(description="Port of the embedded API.")] = 8090

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes every source
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before what the state folder remembers of the last `pipeline up`."""
        named: dict[str, Any] = env_settings() | init_settings()
        state = Path(named.get("state") or default_state())
        return init_settings, env_settings, JsonConfigSettingsSource(settings_cls, json_file=state / REMEMBERED)

    @model_validator(mode="after")
    def _ports_can_be_used(self) -> "Settings":
        taken: dict[int, str] = {}
        for name in self.port_names():
            port = self.port(name)
            if not 1 <= port <= 65535:  # noqa: PLR2004 - the range of TCP's ports
                raise ValueError(f"{name}_port with the offset {self.port_offset} is {port}, which is no TCP port")
            if port in taken:
                raise ValueError(f"{name}_port and {taken[port]}_port are both {port}")
            taken[port] = name
        return self

    @classmethod
    def port_names(cls) -> list[str]:
        """Give the name of every port, without `_port`."""
        return [field.removesuffix("_port") for field in cls.model_fields if field.endswith("_port")]

    def port(self, name: str) -> int:
        """Give the effective port: the field `<name>_port` moved by the offset. Dashes in the name count as `_`."""
        return getattr(self, f"{name.replace('-', '_')}_port") + self.port_offset

    def remembered(self) -> dict[str, Any]:
        """Give what later commands must know of this start: ports and chosen settings that aren't the default."""
        ports = {"port_offset", *(f"{name}_port" for name in self.port_names())}
        return self.model_dump(include=ports, exclude_defaults=True) | {_CHOSEN: chosen()}

    @cached_property
    def database_account(self) -> str | None:
        """The account that must run PostgreSQL in place of ours, or None where ours will do."""
        return UNPRIVILEGED_ACCOUNT if os.geteuid() == 0 else None


def load() -> Settings:
    """Read the settings, and put the pipeline's that are remembered into this process's environment.

    Raises:
        StackError: as load_and_tell.
        MachineError: as load_and_tell.
    """
    return load_and_tell()[0]


def load_and_tell() -> tuple[Settings, frozenset[str]]:
    """Do as load does, and give the variables whose value is remembered, too.

    Raises:
        StackError: a setting has an impossible value; the message names it.
        MachineError: what the state folder remembers can't be read.
    """
    kept = _kept(Path(os.environ.get("PIPELINE_STATE") or default_state()) / REMEMBERED)
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(f'PIPELINE_{part}'.upper() for part in problem['loc'])} {problem['msg']}".strip()
            for problem in error.errors()
        )
        raise StackError(f"A setting can't be used: {problems}. Correct it and try again.") from None
    if settings.state.resolve() == REPOSITORY:
        # Folders of the repository have the names of some of its own, and `destroy` would delete them.
        raise StackError("PIPELINE_STATE names the repository itself. Name another folder, or none, for .state in it.")
    remembered = {f"PIPELINE_{name}".upper() for name in kept} | set(kept.get(_CHOSEN, {}))
    not_of_this_shell = frozenset(remembered - {name for name, value in os.environ.items() if value})
    _recall(kept.get(_CHOSEN, {}))
    return settings, not_of_this_shell


def _kept(file: Path) -> dict[str, Any]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if all(isinstance(value, str) for value in kept.get(_CHOSEN, {}).values()):
            return kept
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError):
        pass
    raise MachineError(
        f"{file} is damaged. It keeps the ports and settings of the last start and nothing else: delete it, and name "
        "those that differ from the defaults again at the next `make up`."
    )


def _recall(kept: dict[str, str]) -> None:
    for name, value in kept.items():
        os.environ.setdefault(name, value)
    # An empty variable asks for the default again.
    for name in [name for name, value in (chosen_for_dagster() | chosen_for_the_stream()).items() if not value]:
        del os.environ[name]
    for name in _FILES:
        if name in os.environ:
            os.environ[name] = str(Path(os.environ[name]).absolute())


def inherited_environment() -> dict[str, str]:
    """Give what the servers take over from this shell."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


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


def shell_java_home() -> Path | None:
    """Give JAVA_HOME of this shell."""
    return Path(os.environ["JAVA_HOME"]) if os.environ.get("JAVA_HOME") else None


def shell_path() -> str:
    """Give PATH of this shell."""
    return os.environ.get("PATH", os.defpath)


def account_ids(account: str) -> tuple[int, int]:
    """Give user and group id of an account.

    Raises:
        MachineError: the machine has no such account.
    """
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise MachineError(
            f"PostgreSQL can't run as root and this machine has no account {account} to run it. "
            "Run as a normal user instead."
        ) from None
    return entry.pw_uid, entry.pw_gid
