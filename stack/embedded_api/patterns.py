"""Numbers with a form: telephone numbers, postcodes, identity numbers."""

import re
import string
from random import Random

_PLACE = re.compile(r"#|\?|\[(\w+)\]")


def filled(pattern: str, random: Random) -> str:
    """Fill a pattern: `#` becomes a digit, `?` a capital letter, `[457]` one of the characters in it."""

    def choose(place: re.Match[str]) -> str:
        if place[0] == "#":
            return random.choice(string.digits)
        return random.choice(place[1] or string.ascii_uppercase)

    return _PLACE.sub(choose, pattern)
