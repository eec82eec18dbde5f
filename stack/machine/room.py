"""Is there room for a stack: on the disks and in memory?"""

from pathlib import Path

import psutil

from stack.errors import MachineError
from stack.machine.situation import Situation
from stack.processes import free_bytes

_GIB = 1024**3

# Measured: all components with the stream at work use 4,027 MiB after ten minutes. The page cache wants some too.
_MEMORY_TO_START = int(4.5 * _GIB)
_MEMORY_TO_GO_ON = _GIB // 4

# The first hours of data and logs take about 1 GiB.
_DISK_TO_START = 2 * _GIB
_DISK_TO_GO_ON = _GIB // 2

_CGROUPS = Path("/sys/fs/cgroup")


def disk(situation: Situation) -> str:
    """Check the room on the disks of the state and of the cache."""
    wanted = _DISK_TO_GO_ON if situation.running else _DISK_TO_START
    left: list[str] = []
    for what, folder, setting in (
        ("state", situation.settings.state, "PIPELINE_STATE"),
        ("cache", situation.settings.cache, "PIPELINE_CACHE"),
    ):
        free = free_bytes(folder)
        if free < wanted:
            raise MachineError(
                f"The disk of the {what} folder {folder} has {free / _GIB:.1f} GiB left, and a stack wants "
                f"{wanted / _GIB:.1f} GiB. Free some, or name a folder on another disk in {setting}."
            )
        left.append(f"{free / _GIB:.1f} GiB left for the {what} folder")
    return ", ".join(left)


def memory(situation: Situation) -> str:
    """Check the memory that is available to processes that we start."""
    wanted = _MEMORY_TO_GO_ON if situation.running else _MEMORY_TO_START
    available = available_memory()
    if available < wanted:
        raise MachineError(
            f"{available / _GIB:.1f} GiB of memory are available, and a stack that "
            f"{'runs' if situation.running else 'starts'} wants {wanted / _GIB:g} GiB. End other programs, or give "
            "this machine or its container more, and try again."
        )
    return f"{available / _GIB:.1f} GiB are available"


def available_memory(processes_cgroups: Path = Path("/proc/self/cgroup"), cgroups: Path = _CGROUPS) -> int:
    """Give the bytes that new processes may use: what the machine has, and what a container or a service is allowed."""
    allowed = [psutil.virtual_memory().available]
    for line in processes_cgroups.read_text(encoding="utf-8").splitlines() if processes_cgroups.exists() else ():
        _number, controllers, path = line.split(":", 2)
        if controllers == "":
            allowed += _left(cgroups / path.lstrip("/"), cgroups, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            allowed += _left(cgroups / "memory" / path.lstrip("/"), cgroups / "memory", *names)
    return max(0, min(allowed))


def _left(group: Path, root: Path, limit: str, usage: str, reclaimable: str) -> list[int]:
    """Give what is left in this control group and in each one above it; a file that isn't there sets no limit."""
    found: list[int] = []
    for folder in (group, *group.parents):
        try:
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text("utf-8").splitlines())
            used = int((folder / usage).read_text("utf-8")) - int(statistics.get(reclaimable, 0))
            found.append(int((folder / limit).read_text("utf-8")) - used)
        except (OSError, ValueError):  # no such group, or its limit is `max`
            pass
        if folder == root:
            break
    return found
