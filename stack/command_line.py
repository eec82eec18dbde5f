"""`pipeline`: the one program behind the Makefile.

Exit codes: 0 done; 1 failed, the message says why; 2 the command line can't be read; 3 the stack is not running;
4 it runs, but not all of it is well; 5 this machine is not ready for a stack; 130 interrupted.
"""

import json
import signal
import subprocess
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pipeline_defs.errors import PipelineError
from stack import doctor, down, environment, jars, java, launch, spark_cluster, status, up
from stack import settings as stack_settings
from stack.errors import ExitCode, NotRunningError, StackError, of_the_system
from stack.state import State

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_out = Console()
_errors = Console(stderr=True)


@app.command("up")
def _up() -> None:
    """Start everything, or what is missing of it; then show the first people in `users`."""
    raise typer.Exit(up.up(stack_settings.load(), _out))


@app.command("down")
def _down() -> None:
    """Stop everything. The data stay."""
    down.down(stack_settings.load(), _out)


@app.command("status")
def _status(*, as_json: _AsJson = False) -> None:
    """Show how each component and the pipeline itself are doing."""
    lines, pipeline = status.read(stack_settings.load())
    if as_json:
        typer.echo(json.dumps(status.as_json(lines, pipeline), indent=2))
    else:
        status.show(lines, pipeline, _out)
    raise typer.Exit(status.exit_code(lines))


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
    component: Annotated[str, typer.Argument(help="Its name, as `pipeline status` shows it.")] = "",
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 200,
) -> None:
    """Show the log of one component, or of `users_stream`, the driver that runs on a Spark worker."""
    state = State(stack_settings.load().state)
    known = {path.stem: [path] for path in sorted(state.logs.glob("*.log"))}
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
