"""Is this machine ready for a stack? Each check says what is wrong and what to do."""

from collections.abc import Sequence

import psutil

from stack import processes
from stack.components import Component
from stack.errors import MachineError
from stack.settings import Settings

_GIB = 1024**3

# Measured: all components with the stream at work use 4,027 MiB after ten minutes. The page cache wants some too.
_WANTED_MEMORY = int(4.5 * _GIB)
# The first hours of data and logs take about 1 GiB.
_WANTED_DISK = 2 * _GIB


def check_room(settings: Settings) -> None:
    """Check disk and memory, for a stack that is about to start.

    Raises:
        MachineError: there is too little of one.
    """
    for what, folder, setting in (
        ("state", settings.state, "PIPELINE_STATE"),
        ("cache", settings.cache, "PIPELINE_CACHE"),
    ):
        free = processes.free_bytes(folder)
        if free < _WANTED_DISK:
            raise MachineError(
                f"The disk of the {what} folder {folder} has {free / _GIB:.1f} GiB left and a stack wants "
                f"{_WANTED_DISK / _GIB:.0f} GiB. Free some, or name a folder on another disk in {setting}."
            )
    available = psutil.virtual_memory().available
    if available < _WANTED_MEMORY:
        raise MachineError(
            f"{available / _GIB:.1f} GiB of memory are available. A stack needs about 4 GiB and starts with "
            f"{_WANTED_MEMORY / _GIB:.1f} GiB or more. End other programs and try again."
        )


def check_ports(components: Sequence[Component]) -> None:
    """Check that nobody else listens on the ports of these components, none of which runs.

    Raises:
        MachineError: a port is taken; it is named, with its owner where that can be known.
    """
    for component in components:
        for port in component.ports:
            if not processes.port_is_free(port):
                owner = processes.port_owner(port) or "a process that this account may not see"
                raise MachineError(
                    f"Port {port}, which {component.name} needs, is taken by {owner}. "
                    "End that process, or move the whole stack with PIPELINE_PORT_OFFSET, for example 10000."
                )
