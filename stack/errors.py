"""What `pipeline` says when it can't do as asked: one sentence that tells what happened and what to do."""

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """The documented exit codes of `pipeline`; typer adds 2 (a command line it can't read) and 130 (interrupted)."""

    DONE = 0
    FAILED = 1
    NOT_RUNNING = 3
    UNHEALTHY = 4
    MACHINE_NOT_READY = 5


class StackError(Exception):
    """Something a user can meet. Its text is shown as it stands, without a traceback.

    Attributes:
        exit_code: what `pipeline` ends with.
    """

    exit_code = ExitCode.FAILED


class NotRunningError(StackError):
    """The command needs a running stack."""

    exit_code = ExitCode.NOT_RUNNING


class MachineError(StackError):
    """The machine lacks something: Java, a free port, room on the disk."""

    exit_code = ExitCode.MACHINE_NOT_READY


def of_the_system(error: OSError) -> str:
    """Give the sentence for an error of the operating system that nothing foresaw."""
    where = error.filename or "A file"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{where} can't be written: the disk is full. Free some room and try again; `make doctor` names the disks."
        )
    return (
        f"{where} can't be used ({error.strerror or error}). Repair it and try again; `make doctor` checks what a "
        "stack needs."
    )
