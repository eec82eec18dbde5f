"""Strategies of records: people, people with something changed, and what is no person at all."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from contract.person import LEAVES

_ALPHABET = "aZ09 ñéßИжآوا漢字👩🚀\u0301\u2003\u00a0\t\"\\'/{}[],:@.-"
_TEXT = st.text(_ALPHABET, max_size=12)
_LONG = st.sampled_from([10, 11, 20, 21, 50, 51, 100, 101]).map(lambda length: "ñ" * length)
_ODD_TEXT = st.sampled_from(["", " ", "true", "null", "12", "-1.5E3", "{}", "[1]", "a\0b", "\\N", "a@b", "\u2028x"])
_NUMBERS = st.one_of(
    st.integers(-10, 130),
    st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**63, 10**19, 10**20, 10**37, 10**38, 10**40, 0.5, 34.0, 1e300]),
)
_DATES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    st.builds(
        "{}{}".format,
        st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
        st.sampled_from(["", "Z", "+05:30", "-15:30", "+18:01", "+02:60", ".123456789", ".5Z", "z", "+5", " UTC"]),
    ),
    st.sampled_from(
        ["1991-02-29T00:00:00Z", "1992-03-18T24:00:00Z", "1992-03-18", "yesterday", "0000-01-01T00:00:00Z"]
    ),
    st.integers(-(2**36), 2**38),
)
_UUIDS = st.one_of(st.uuids().map(str), st.uuids().map(lambda uuid: str(uuid).upper()), st.uuids().map(lambda u: u.hex))
_EMAILS = st.builds("{}@{}".format, st.text("ab.@", max_size=60), st.text("cd.", max_size=60))
_VALUES = st.one_of(
    *(_TEXT, _LONG, _ODD_TEXT, _NUMBERS, _DATES, _UUIDS, _EMAILS, st.none(), st.booleans()),
    st.sampled_from([[], {}, ["text"], {"text": 1}, [None], "\ud83d", "x\ude80"]),
)
_PATHS = [*(leaf.path for leaf in LEAVES), "name", "location", "location.street", "login", "dob", "picture"]
_SPOILED: list[Callable[[bytes, int], bytes]] = [
    *[lambda record, _: record] * 8,
    lambda record, at: record[:at],
    lambda record, at: record[:at] + b"\xff" + record[at:],
    lambda record, _: b"[" + record + b"]",
    lambda record, _: record + b" and more",
    lambda record, _: record[:-1] + b', "gender": "male"}',
    lambda record, _: b" \n" + record + b"\t",
]


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    text, country = draw(_TEXT), draw(st.one_of(st.just({}), st.builds(lambda name: {"country": name}, _TEXT)))
    return {
        "gender": draw(st.sampled_from(["female", "male"])),
        "name": {"title": "Ms", "first": text, "last": draw(_TEXT)},
        "location": {
            "street": {"number": draw(st.integers(0, 9999)), "name": text},
            "city": draw(_TEXT),
            "state": "Asturias",
            "postcode": draw(st.one_of(st.integers(0, 10**6), _TEXT)),
            **country,
        },
        "email": f"{text.replace('@', '')}@example.com",
        "login": {"uuid": str(draw(st.uuids()))},
        "dob": {"date": "1992-03-18T17:36:00.197Z", "age": draw(st.integers(0, 120))},
        "phone": "985-000-000",
        "cell": draw(_TEXT),
        "picture": {"large": "https://randomuser.me/api/portraits/women/1.jpg"},
        "nat": "ES",
    }


@st.composite
def mutated_people(draw: st.DrawFn) -> bytes:
    """Return a person with up to three leaves or objects changed or taken out, and perhaps a spoiled record."""
    person = draw(people())
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(_PATHS)).split(".")
        at: Any = person
        for parent in parents:
            at = at.get(parent) if isinstance(at, dict) else None
        if isinstance(at, dict):
            if draw(st.booleans()):
                at[last] = deepcopy(draw(_VALUES))
            else:
                at.pop(last, None)
    record = json.dumps(person, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return draw(st.sampled_from(_SPOILED))(record, draw(st.integers(0, len(record))))


def any_json() -> st.SearchStrategy[bytes]:
    """JSON of every shape, with the keys of a person among others, and what Python writes but JSON has not."""
    keys = st.one_of(st.sampled_from(sorted({key for path in _PATHS for key in path.split(".")})), _TEXT)
    leaves = st.one_of(_VALUES, st.floats(), st.integers())
    values = st.recursive(leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(keys, inner)), max_leaves=30)
    return values.map(lambda value: json.dumps(value).encode())
