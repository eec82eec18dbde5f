"""`pipeline up`: clear the way, fetch, prepare, start what isn't running, and show the first rows."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline_defs import provision
from pipeline_defs.settings import Settings as PipelineSettings
from pipeline_defs.settings import read_settings
from stack import (
    dagster_home,
    down,
    effective_settings,
    first_rows,
    jars,
    java,
    kafka,
    machine,
    postgres,
    processes,
    site,
    source,
    spark_cluster,
)
from stack import passwords as stack_passwords
from stack.chosen_settings import chosen, chosen_webhook
from stack.components import Site
from stack.display import Board
from stack.errors import ExitCode
from stack.launch import Launch
from stack.machine.situation import look
from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor, mark_children


def up(settings: Settings, console: Console) -> ExitCode:
    """Start the stack, or heal what is missing of one that runs. Give the exit code.

    Raises:
        StackError: it can't be done; a stack that wasn't running before is stopped again.
        SettingsError: a setting of the pipeline can't be used; nothing was started.
    """
    began = time.monotonic()
    read_settings()
    effective_settings.configurations()
    if differing := chosen():
        _show_chosen(differing, console)
    state = State(settings.state)
    supervisor = Supervisor(state)
    situation = look(settings)
    machine.require(situation)
    ran_before = bool(situation.running) or supervisor.answers()
    java_program = java.find(settings)
    state.create()
    with state.locked():
        try:
            _clear_the_way(supervisor, console)
            _provide_jars(settings, java_program, console)
            here = site.locate(
                settings, java=java_program, embedded_api=source.embedded(state, console, ran_before=ran_before)
            )
            passwords = stack_passwords.load_or_create(state.passwords)
            stack_passwords.keep_webhook(state.passwords, chosen_webhook())
            started = _start(here, supervisor, passwords, console)
        except BaseException:
            # What this command began does not stay behind half-done; what ran before it is left alone.
            if not ran_before:
                down.stop_everything(state, supervisor)
            raise
        state.remember(settings)
        if ran_before:
            healed = f"Started what was missing: {', '.join(started)}." if started else "Everything is well."
            console.print(f"The stack was running already. {healed}")
        took = time.monotonic() - began
        console.print(f"All components are well after {took:.0f} s. State: {state.root}", soft_wrap=True)
        code = ExitCode.DONE if ran_before and not started else first_rows.show(here, passwords["pipeline"], console)
        _show_urls(here, console)
        return code


def _show_chosen(differing: dict[str, str], console: Console) -> None:
    text = " ".join(f"{name}={value}" for name, value in differing.items())
    console.print(
        f"Settings that differ from the defaults: {text}. Later commands keep them; an empty variable forgets one.",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _clear_the_way(supervisor: Supervisor, console: Console) -> None:
    """End what an earlier start that was cut off has left."""
    # Whatever this command starts itself carries the mark too, should it be cut off in its turn.
    mark_children(supervisor.state)
    if supervisor.answers():
        return
    if lost := processes.marked(supervisor.state):
        console.print(f"Ending {len(lost)} processes of an earlier start that was cut off.")
        processes.end(lost)
    spark_cluster.forget_the_gone(supervisor.state)


def _provide_jars(settings: Settings, java_program: Path, console: Console) -> None:
    columns = (TextColumn("Fetching jars"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("jars", total=None, visible=False)

        def progress(have: int, everything: int) -> None:
            nonlocal shown
            bar.update(task, completed=have, total=everything, visible=True)
            if not console.is_terminal and (have == everything or have - shown >= everything // 4):
                shown = have
                console.print(f"Fetched {have} of {everything} jars.", highlight=False)

        jars.provide(settings.cache, java_program, settings.maven_repository, progress)


def _start(here: Site, supervisor: Supervisor, passwords: dict[str, str], console: Console) -> list[str]:
    """Prepare and launch; give the names of components that weren't running."""
    components = site.components(here)
    _prepare(here, passwords)
    supervisor.configure(components)
    if supervisor.answers():
        supervisor.apply()
    else:
        supervisor.launch()
    names = [component.name for component in components]
    board = Board(console, [*names, dagster_home.DATABASE_STEP, dagster_home.TOPIC_STEP])
    launch = Launch(here, supervisor, passwords, board)
    with board.shown():
        launch.run(components, _steps(_pipeline_settings(here, passwords), console))
    return launch.started


def _prepare(here: Site, passwords: dict[str, str]) -> None:
    steps: list[Callable[[], None]] = [
        lambda: postgres.prepare(here, passwords["postgres"]),
        lambda: kafka.prepare(here),
        lambda: spark_cluster.prepare(here),
        lambda: dagster_home.prepare(here),
    ]
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(step) for step in steps]:
            future.result()


def _pipeline_settings(here: Site, passwords: dict[str, str]) -> PipelineSettings:
    """Give the settings with which the pipeline itself is provisioned: this shell's, and those of our servers."""
    servers = {
        "kafka_bootstrap_servers": here.bootstrap_servers,
        "database_url": SecretStr(here.database_url("pipeline", postgres.DATABASE, passwords["pipeline"])),
        "database_admin_url": SecretStr(here.database_url(postgres.SUPERUSER, "postgres", passwords["postgres"])),
        "pipeline_password": SecretStr(passwords["pipeline"]),
        "users_stream_password": SecretStr(passwords["users_stream"]),
        "dagster_password": SecretStr(passwords["dagster"]),
    }
    return read_settings().model_copy(update=servers)


def _provision_database(settings: PipelineSettings, console: Console) -> None:
    """Make roles, databases and tables, and show what became of the tables."""
    list(provision.cluster(settings))
    for line in provision.schema(settings.database_url, settings.database_admin_url):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _steps(settings: PipelineSettings, console: Console) -> dict[str, tuple[tuple[str, ...], Callable[[], object]]]:
    """Give what is provisioned between two starts, and what each step needs."""
    return {
        dagster_home.DATABASE_STEP: (
            ("postgres",),
            lambda: _provision_database(settings, console),
        ),
        dagster_home.TOPIC_STEP: (
            # That a topic was created is written into the database.
            (dagster_home.DATABASE_STEP, *(f"broker-{number}" for number in kafka.NUMBERS)),
            lambda: provision.topic(settings),
        ),
    }


def _show_urls(here: Site, console: Console) -> None:
    console.print(f"Dagster UI    {here.url('dagster-webserver')}", highlight=False)
    console.print(f"Spark master  {here.url('spark-master-ui')}", highlight=False)
    console.print('`make status` shows how it is doing, `make down` stops it, `eval "$(make -s env)"` sets up a shell.')
