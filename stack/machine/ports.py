"""Are the ports free, and is nothing left of an earlier start?"""

from stack import processes, site
from stack.errors import MachineError
from stack.machine.situation import Situation


def ports(situation: Situation) -> str:
    """Check that nobody else listens on the ports of the components that don't run."""
    components = site.components(site.locate(situation.settings, embedded_api=True))
    idle = [component for component in components if component.name not in situation.running]
    for component in idle:
        for port in component.ports:
            if processes.port_is_free(port):
                continue
            owner = processes.port_owner(port)
            # A process of this stack that has lost its supervisor: another check names it.
            if owner and owner.pid in {process.pid for process in processes.marked(situation.state)}:
                continue
            raise MachineError(
                f"Port {port}, which {component.name} needs, is taken by "
                f"{owner or 'a process that this account may not see'}. "
                "End that process, or move the whole stack with PIPELINE_PORT_OFFSET, for example 10000."
            )
    own = sum(len(component.ports) for component in components) - (count := sum(len(each.ports) for each in idle))
    return f"{count} are free" + (f", {own} are the stack's own" if own else "")


def left_behind(situation: Situation) -> str:
    """Check that no process of an earlier start goes on without a supervisor."""
    if situation.running:
        return "the supervisor knows its own"
    lost = processes.marked(situation.state)
    if lost:
        raise MachineError(
            f"{len(lost)} processes of an earlier start that was cut off still run. `make down` ends them; "
            "`make up` ends them and starts anew."
        )
    return "none is left of an earlier start"
