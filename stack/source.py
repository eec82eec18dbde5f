"""Where people come from: the API that the user named, the public one, or the embedded one in its place."""

import requests
from rich.console import Console

from stack.chosen_settings import chosen_source
from stack.site import DEFAULT_SOURCE, embedded_api_mark
from stack.state import State

_SECONDS = 8


def embedded(state: State, console: Console, *, ran_before: bool) -> bool:
    """Decide whether people come from the embedded API, say why, and keep the decision for later commands."""
    mark = embedded_api_mark(state)
    named = chosen_source()
    if named:
        mark.unlink(missing_ok=True)
        console.print(f"People come from {named}, as RANDOM_USER_API_URL says.", soft_wrap=True)
        return False
    if ran_before:
        # A source that changes while the stack runs would surprise; after `make down` the question is open again.
        return mark.exists()
    try:
        response = requests.get(DEFAULT_SOURCE, params={"results": 1}, timeout=_SECONDS)
        reached = response.ok and bool(response.json().get("results"))
        reason = f"it answered with status {response.status_code}"
    except (requests.RequestException, ValueError, AttributeError) as error:
        reached, reason = False, _plain(error)
    if reached:
        mark.unlink(missing_ok=True)
        return False
    mark.touch(mode=0o600)
    console.print(
        f"The RandomUser API ({DEFAULT_SOURCE}) can't be reached: {reason}. Made-up people of the embedded API "
        "take the place of its people; every record says so in its header `source`. "
        "To use another server of that API, name it in RANDOM_USER_API_URL.",
        soft_wrap=True,
    )
    return True


def _plain(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer within {_SECONDS} seconds"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "it answered with something else than people"
