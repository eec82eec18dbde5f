"""The query of a request → what it asks for, as forgiving as the RandomUser API: what it can't read, it ignores."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from stack.embedded_api.nationalities import NATIONALITIES

FIELDS = (
    "gender",
    "name",
    "location",
    "email",
    "login",
    "dob",
    "registered",
    "phone",
    "cell",
    "id",
    "picture",
    "nat",
)
MOST_PEOPLE = 5000
_MOST_PAGES = 10_000


@dataclass(frozen=True)
class Query:
    """What one request asks for.

    Attributes:
        results: how many people, 1 to 5,000.
        nationalities: those to choose from; never empty.
        gender: male or female; None for both.
        fields: those to give.
        seed: decides who the people are.
        page: 1 to 10,000; other pages of a seed hold other people.
        info: whether `info` is wanted.
        indented: whether the JSON is wanted in lines, for people to read.
    """

    results: int
    nationalities: tuple[str, ...]
    gender: str | None
    fields: frozenset[str]
    seed: str
    page: int
    info: bool
    indented: bool


def read(parameters: Mapping[str, str]) -> Query:
    """Read the parameters of a request. Nothing in them is an error."""
    seed = parameters.get("seed", "")
    gender = parameters.get("gender")
    return Query(
        results=_results(parameters.get("results", "")),
        nationalities=_nationalities(parameters),
        gender=gender if gender in {"male", "female"} and not seed else None,
        fields=_fields(parameters),
        seed=seed or secrets.token_hex(8),
        page=_page(parameters.get("page", "")),
        info="noinfo" not in parameters,
        indented=_format(parameters) in {"pretty", "prettyjson"},
    )


def unavailable_format(parameters: Mapping[str, str]) -> str | None:
    """Give the format asked for if the RandomUser API has it and the embedded one has not."""
    asked = _format(parameters)
    return asked if asked in {"csv", "xml", "yaml"} else None


def _format(parameters: Mapping[str, str]) -> str:
    return (parameters.get("format") or parameters.get("fmt") or "json").lower()


def _results(given: str) -> int:
    """Give the number of people: one if what is given is no whole number from 1 to 5,000."""
    number = _whole_number(given)
    return number if number is not None and 1 <= number <= MOST_PEOPLE else 1


def _page(given: str) -> int:
    number = _whole_number(given)
    return number if number is not None and 1 <= number <= _MOST_PAGES else 1


def _whole_number(given: str) -> int | None:
    """Read a number as JavaScript does: `1e2` and `10.0` are whole, `1_0` is none."""
    try:
        number = float(given)
    except ValueError:
        return None
    return int(number) if number.is_integer() and "_" not in given else None


def _nationalities(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Give the nationalities asked for. A single unknown one, or none, means all."""
    if parameters.get("lego", "false") != "false":
        return ("LEGO",)
    asked = parameters.get("nat") or parameters.get("nationality") or ""
    codes = tuple(code.upper() for code in asked.split(",") if code)
    return codes if codes and all(code in NATIONALITIES for code in codes) else tuple(NATIONALITIES)


def _fields(parameters: Mapping[str, str]) -> frozenset[str]:
    included = _names(parameters.get("inc", "")) or set(FIELDS)
    return frozenset(included & set(FIELDS) - _names(parameters.get("exc", "")))


def _names(given: str) -> set[str]:
    return {name.strip().lower() for name in given.split(",") if name}
