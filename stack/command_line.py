"""`pipeline`: the one program behind the Makefile.

Exit codes: 0 done; 1 failed, the message says why; 2 the command line can't be read; 3 the stack is not running;
4 it runs, but not all of it is well; 5 this machine is not ready for a stack; 130 interrupted.
"""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pipeline_defs.errors import PipelineError
from stack import (
    doctor,
    down,
    effective_settings,
    environment,
    jars,
    java,
    launch,
    spark_cluster,
    status,
    status_display,
    tail,
    topics,
    up,
)
from stack import settings as stack_settings
from stack.errors import ExitCode, NotRunningError, StackError, of_the_system
from stack.state import State

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
# What is not a terminal has no width of its own: lines are for a program or a file, and stay whole.
_out = Console(width=None if sys.stdout.isatty() else 200)
_errors = Console(stderr=True)


def _log_names() -> list[str]:
    return [*_logs_there(State(stack_settings.load().state)), "users_stream"]


def _logs_there(state: State) -> dict[str, list[Path]]:
    return {path.stem: [path] for path in sorted(state.logs.glob("*.log"))}


@app.command("up")
def _up() -> None:
    """Start everything, or what is missing of it; then show the first people in `users`."""
    raise typer.Exit(up.up(stack_settings.load(), _out))


@app.command("down")
def _down() -> None:
    """Stop everything. The data stay."""
    down.down(stack_settings.load(), _out)


@app.command("status")
def _status(
    *,
    as_json: _AsJson = False,
    settings: Annotated[
        bool, typer.Option("--settings", help="Show the settings in place of it, and where each value came from.")
    ] = False,
) -> None:
    """Show how each component and the pipeline itself are doing."""
    if settings:
        _settings(as_json=as_json)
        return
    found = status.read(stack_settings.load())
    if as_json:
        typer.echo(json.dumps(status.as_json(found), indent=2))
    else:
        status_display.show(found, _out)
    raise typer.Exit(status.exit_code(found))


def _settings(*, as_json: bool) -> None:
    found = effective_settings.read(*stack_settings.load_and_tell())
    if as_json:
        typer.echo(json.dumps(effective_settings.as_json(found), indent=2))
    else:
        effective_settings.show(found, _out)


@app.command("topics")
def _topics(*, as_json: _AsJson = False) -> None:
    """Show the topic: each partition's leader, replicas and end offset, and how far the stream has come."""
    found = topics.read(stack_settings.load())
    if as_json:
        typer.echo(json.dumps(topics.as_json(found), indent=2))
    else:
        topics.show(found, _out)


@app.command("tail")
def _tail(
    *, lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last rows first.")] = 10
) -> None:
    """Show the rows of `users` as they land: time (UTC), id, Kafka partition/offset, person. Ctrl-C ends it."""
    with suppress(KeyboardInterrupt):
        for line in tail.follow(stack_settings.load(), lines):
            typer.echo(line)


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def _psql(context: typer.Context) -> None:
    """Open psql on the pipeline's database; arguments are psql's, as in: pipeline psql -c 'SELECT count(*) FROM users'.

    Options that both programs know go after two dashes: pipeline psql -- --help.
    """
    program, variables = environment.psql(stack_settings.load())
    os.execve(program, ["psql", *context.args], variables)  # noqa: S606 - a shell in between would have to be quoted for


@app.command("doctor")
def _doctor(*, as_json: _AsJson = False) -> None:
    """Check whether this machine is ready for a stack, whether one runs or not."""
    findings = doctor.examine(stack_settings.load())
    if as_json:
        typer.echo(json.dumps(doctor.as_json(findings), indent=2))
    else:
        doctor.show(findings, _out)
    raise typer.Exit(doctor.exit_code(findings))


@app.command("logs")
def _logs(
    component: Annotated[
        str, typer.Argument(help="Its name, as `pipeline status` shows it.", autocompletion=_log_names)
    ] = "",
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 200,
) -> None:
    """Show the log of one component, or of `users_stream`, the driver that runs on a Spark worker."""
    state = State(stack_settings.load().state)
    known = _logs_there(state)
    if not known:
        raise NotRunningError(f"There are no logs: no stack was ever started in {state.root}. `make up` starts one.")
    if stream := spark_cluster.stream_logs(state):
        known["users_stream"] = stream
    if component not in known:
        wrong = f"There is no component {component!r}" if component else "Say which component"
        raise StackError(
            f"{wrong}. There are: {', '.join(known)}. For example: make logs COMPONENT={next(iter(known))}"
        )
    if follow:
        raise typer.Exit(subprocess.call(["tail", "-n", str(count), "-F", *map(str, known[component])]))
    for log in known[component]:
        for line in launch.last_lines(log, count):
            typer.echo(line)


@app.command("env")
def _env() -> None:
    """Print `export` lines, so that `eval "$(make -s env)"` makes psql and Kafka's programs work."""
    typer.echo(environment.lines(stack_settings.load()), nl=False)


@app.command("destroy")
def _destroy(*, yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False) -> None:
    """Stop everything and delete the data."""
    settings = stack_settings.load()
    if not yes:
        typer.confirm(f"Delete all data in {settings.state}?", abort=True)
    down.destroy(settings, _out)


@app.command("lock-jars", hidden=True)
def _lock_jars() -> None:
    """Resolve the jars anew and write `stack/jars.lock`; for a change of Kafka's or Spark's version."""
    settings = stack_settings.load()
    found = jars.resolve(java.find(settings), settings.maven_repository)
    jars.LOCK_FILE.write_text(jars.render(found), encoding="utf-8")
    typer.echo(f"{sum(map(len, found.values()))} jars are pinned in {jars.LOCK_FILE}.")


def main() -> NoReturn:
    """Run the program; an error that a user can meet is a sentence, not a traceback."""
    # A command that is told to end cleans up as one that is interrupted from the keyboard.
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # people's names in a terminal that does not know their letters
    try:
        app()
    except (StackError, PipelineError) as error:
        _errors.print(str(error), style="red", soft_wrap=True, markup=False, highlight=False)
        sys.exit(error.exit_code if isinstance(error, StackError) else ExitCode.FAILED)
    except OSError as error:
        _errors.print(of_the_system(error), style="red", soft_wrap=True, markup=False, highlight=False)
        sys.exit(ExitCode.MACHINE_NOT_READY)
    sys.exit(ExitCode.DONE)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
