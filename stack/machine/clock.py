"""Is the clock right, as far as can be known without asking anyone new?

Two witnesses: the HTTP date of the API that the people come from, and the state folder's record of the last start.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from stack.chosen_settings import chosen_source
from stack.errors import MachineError
from stack.machine.situation import Situation
from stack.remembered import REMEMBERED
from stack.site import DEFAULT_SOURCE

_SECONDS = 5

# More than two slots of the grid. An HTTP date has whole seconds, and its way here takes some.
_TOLERANCE = timedelta(seconds=60)

_SET_IT = "Set it (for example with `sudo timedatectl set-ntp true`) and try again"


def clock(situation: Situation) -> str:
    """Check that the clock agrees with the API's, and that the last start was not in the future."""
    record = situation.state.root / REMEMBERED
    judge_record(_written(record), datetime.now(UTC), str(record))
    source = chosen_source() or DEFAULT_SOURCE
    theirs = _date_at(source)
    if theirs is None:
        return f"no clock to compare with{'; not before the last start' if record.exists() else ''}"
    judge_date(theirs, datetime.now(UTC), source)
    return f"agrees with {source}"


def _date_at(source: str) -> datetime | None:
    """Ask a server for its date, and give None where it can't be had."""
    try:
        return date_of(requests.head(source, timeout=_SECONDS).headers)
    except requests.exceptions.SSLError as error:
        if "not yet valid" not in str(error):
            return None
        raise MachineError(
            f"The clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, when the certificate of {source} isn't valid "
            f"yet. {_SET_IT}."
        ) from None
    except requests.RequestException:
        return None


def judge_record(last_start: datetime | None, now: datetime, file: str) -> None:
    """Judge the clock by the moment of the last start.

    Raises:
        MachineError: that moment has yet to come.
    """
    if last_start and last_start - now > _TOLERANCE:
        raise MachineError(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, but the last start of this stack was at "
            f"{last_start:%Y-%m-%d %H:%M} UTC. {_SET_IT}; if it was wrong then and is right now, `touch {file}`."
        )


def judge_date(theirs: datetime, ours: datetime, source: str) -> None:
    """Judge the clock by a server's.

    Raises:
        MachineError: they differ by more than a minute.
    """
    seconds = (ours - theirs).total_seconds()
    if abs(seconds) > _TOLERANCE.total_seconds():
        raise MachineError(
            f"The clock is {abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'} that of {source}. "
            f"{_SET_IT}."
        )


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Give the moment at which a server says it answered; a cache in between adds the answer's age."""
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
        return moment.astimezone(UTC) + timedelta(seconds=int(headers.get("Age", "0")))
    except ValueError:
        return None


def _written(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
