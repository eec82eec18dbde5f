"""What the checks of a machine look at: the settings of a stack, and which of its components run right now."""

from dataclasses import dataclass

from stack.settings import Settings
from stack.state import State
from stack.supervisor import Supervisor


@dataclass(frozen=True)
class Situation:
    """A stack, running or not, on this machine."""

    settings: Settings
    running: frozenset[str] = frozenset()  # names of components

    @property
    def state(self) -> State:
        """Its state folder."""
        return State(self.settings.state)


def look(settings: Settings) -> Situation:
    """Ask the supervisor what runs."""
    supervisor = Supervisor(State(settings.state))
    if not supervisor.answers():
        return Situation(settings)
    return Situation(settings, frozenset(one.name for one in supervisor.processes().values() if one.runs))
