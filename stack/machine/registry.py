"""Are the jars there and whole; and where some are missing, can they be fetched?"""

from stack import jars, java
from stack.errors import MachineError
from stack.machine.situation import Situation


def jars_are_whole(situation: Situation) -> str:
    """Check every jar's bytes; where some are not there yet, fetch one to see whether they can be fetched."""
    settings = situation.settings
    missing, damaged, pinned = jars.inspect(settings.cache)
    if damaged:
        raise MachineError(
            f"{damaged[0]} has other bytes than those pinned in stack/{jars.LOCK_FILE.name}"
            f"{f', and {len(damaged) - 1} more' if len(damaged) > 1 else ''}. `make up` fetches it anew."
        )
    if missing:
        jars.fetch_one(java.find(settings), settings.maven_repository)
        return f"{missing} of {pinned} are not there yet, and the registry gives them"
    return f"{pinned} are there, with the pinned bytes"
