"""The settings of the local servers: environment first, then what the last `pipeline up` used, then the default."""

import os
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, JsonConfigSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from stack import remembered
from stack.accounts import UNPRIVILEGED_ACCOUNT, enterable_by_others
from stack.chosen_settings import chosen
from stack.errors import StackError

REPOSITORY = Path(__file__).resolve().parent.parent

Folder = Annotated[Path, AfterValidator(Path.absolute)]
Port = Annotated[int, Field(ge=1, le=65535)]


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
        return (
            init_settings,
            env_settings,
            JsonConfigSettingsSource(settings_cls, json_file=state / remembered.REMEMBERED),
        )

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
        return self.model_dump(include=ports, exclude_defaults=True) | {remembered.CHOSEN: chosen()}

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
    found = remembered.kept(Path(os.environ.get("PIPELINE_STATE") or default_state()) / remembered.REMEMBERED)
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
    of_before = {f"PIPELINE_{name}".upper() for name in found} | set(found.get(remembered.CHOSEN, {}))
    not_of_this_shell = frozenset(of_before - {name for name, value in os.environ.items() if value})
    remembered.recall(found.get(remembered.CHOSEN, {}))
    return settings, not_of_this_shell
