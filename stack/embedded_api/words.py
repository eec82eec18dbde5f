"""The word lists of each nationality, taken from Faker once and kept: a list is a hundred times faster than Faker.

`hand_made.json` holds what Faker has not, or not in the right language.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from faker import Faker

from stack.embedded_api.nationalities import NATIONALITIES, nationality

_USUAL_METHODS = {
    "male": "first_name_male",
    "female": "first_name_female",
    "last": "last_name",
    "street": "street_name",
    "city": "city",
}
"""The Faker method for each list, where a nationality names no other."""

_PROVIDERS = ["faker.providers.person", "faker.providers.address"]  # loading all of them takes several times as long
_DRAWS = 150
_LONGEST = {"street": 56}  # the API's own longest; all else must fit VARCHAR(50)
_LONGEST_OTHERWISE = 50


@dataclass(frozen=True)
class Words:
    """The words from which people of one nationality are made: trimmed, each once, none too long for its column."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    last: tuple[str, ...]
    street: tuple[str, ...]
    city: tuple[str, ...]
    state: tuple[str, ...]


@cache
def words(code: str) -> Words:
    """Give the words of a nationality, the same in every process, so that a seed means the same people everywhere."""
    one = nationality(code)
    fake = Faker(one.locale, providers=_PROVIDERS)
    fake.seed_instance(code)
    methods = {**_USUAL_METHODS, **one.faker_methods}
    lists = {name: [getattr(fake, method)() for _ in range(_DRAWS)] for name, method in methods.items()}
    lists |= _hand_made().get(code, {})
    return Words(**{name: _distinct(name, drawn) for name, drawn in lists.items()})


def prepare() -> None:
    """Draw the words of all nationalities, so that no request waits for it. Takes about a second."""
    for code in (*NATIONALITIES, "LEGO"):
        words(code)


@cache
def _hand_made() -> dict[str, dict[str, list[str]]]:
    """Give the lists by nationality and name."""
    return json.loads(Path(__file__).with_name("hand_made.json").read_text(encoding="utf-8"))


def _distinct(name: str, drawn: list[str]) -> tuple[str, ...]:
    longest = _LONGEST.get(name, _LONGEST_OTHERWISE)
    return tuple(dict.fromkeys(word.strip() for word in drawn if 0 < len(word.strip()) <= longest))
