"""What is wanted of the stream and what is seen of it → what to do. Pure: the sensor brings the world, this decides.

`world` is what is seen, `rules` says what it means, `starts` counts starts that failed, `books` says what becomes a row
of `decisions` and a run, `memory` is what is kept from one look to the next.
"""

from pipeline_defs.supervision.rules import decide
from pipeline_defs.supervision.states import Action, Decision, State
from pipeline_defs.supervision.world import APPLICATION_NAME, Limits, World

__all__ = ["APPLICATION_NAME", "Action", "Decision", "Limits", "State", "World", "decide"]
