"""`pipeline env`: the shell lines after which psql, Kafka's programs and `dagster job launch` find this stack."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import dagster_home, passwords, shell, site
from stack.components import HOST, Site
from stack.postgres import DATABASE
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor

_SHOWN = (
    *("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "SPARK_MASTER_URL", "SPARK_MASTER_REST_URL", "SPARK_MASTER_UI_URL"),
    "DAGSTER_UI_URL",
)


def variables(here: Site, secrets: Mapping[str, str], path: str) -> dict[str, str]:
    """Give the variables of a user's shell.

    Args:
        here: where the stack is.
        secrets: the password of each role.
        path: PATH as it is now.
    """
    pipeline = dagster_home.pipeline_environment(here, secrets["pipeline"])
    return {
        **{name: pipeline[name] for name in _SHOWN},
        **dagster_home.instance_environment(here, secrets["dagster"]),
        "PGHOST": HOST,
        "PGPORT": str(here.port("postgres")),
        "PGUSER": "pipeline",
        "PGPASSWORD": secrets["pipeline"],
        "PGDATABASE": DATABASE,
        "PATH": with_programs(path, [here.state.bin, Path(sys.executable).parent]),
    }


def psql(stack_settings: Settings) -> tuple[Path, dict[str, str]]:
    """Give the program psql and its environment, in which it finds the pipeline's database.

    Raises:
        NotRunningError: the stack doesn't run.
    """
    here, found = _of_a_running_stack(stack_settings)
    return here.postgres_programs / "psql", os.environ | found


def with_programs(path: str, folders: list[Path]) -> str:
    """Give PATH with these folders in front, each of them once."""
    front = [str(folder) for folder in folders]
    return os.pathsep.join([*front, *(part for part in path.split(os.pathsep) if part not in front)])


def lines(stack_settings: Settings) -> str:
    """Give the `export` lines.

    Raises:
        NotRunningError: the stack doesn't run.
    """
    _, found = _of_a_running_stack(stack_settings)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())


def _of_a_running_stack(stack_settings: Settings) -> tuple[Site, dict[str, str]]:
    Supervisor(State(stack_settings.state)).must_answer()
    here = site.locate(stack_settings)
    return here, variables(here, passwords.load(here.state.passwords), shell.path())
