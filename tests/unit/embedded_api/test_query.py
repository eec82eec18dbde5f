from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stack.embedded_api.nationalities import NATIONALITIES
from stack.embedded_api.query import FIELDS, read, unavailable_format

EVERYONE = tuple(NATIONALITIES)


@pytest.mark.parametrize(
    ("given", "people"),
    [
        ("10", 10),
        ("1", 1),
        ("5000", 5000),
        ("5001", 1),
        ("0", 1),
        ("-5", 1),
        ("", 1),
        ("ten", 1),
        ("2.5", 1),
        ("10.0", 10),
        ("1e2", 100),
        ("1_0", 1),
        ("nan", 1),
        ("inf", 1),
    ],
)
def test_results(given: str, people: int):
    assert read({"results": given}).results == people


@pytest.mark.parametrize(
    ("parameters", "nationalities"),
    [
        ({}, EVERYONE),
        ({"nat": ""}, EVERYONE),
        ({"nat": "CH"}, ("CH",)),
        ({"nat": "ch,fr"}, ("CH", "FR")),
        ({"nat": "ch,,fr,"}, ("CH", "FR")),
        ({"nat": "ch,xx"}, EVERYONE),
        ({"nat": "ch, fr"}, EVERYONE),
        ({"nat": "lego"}, EVERYONE),
        ({"nationality": "de"}, ("DE",)),
        ({"lego": ""}, ("LEGO",)),
        ({"lego": "", "nat": "ch"}, ("LEGO",)),
        ({"lego": "false", "nat": "ch"}, ("CH",)),
    ],
)
def test_nationalities(parameters: dict[str, str], nationalities: tuple[str, ...]):
    assert read(parameters).nationalities == nationalities


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({}, set(FIELDS)),
        ({"inc": ""}, set(FIELDS)),
        ({"inc": "name,nat"}, {"name", "nat"}),
        ({"inc": " Name , NAT"}, {"name", "nat"}),
        ({"inc": "name,shoe"}, {"name"}),
        ({"inc": "shoe"}, set()),
        ({"exc": "login"}, set(FIELDS) - {"login"}),
        ({"exc": "shoe"}, set(FIELDS)),
        ({"inc": "name,nat", "exc": "nat"}, {"name"}),
    ],
)
def test_fields(parameters: dict[str, str], fields: set[str]):
    assert read(parameters).fields == fields


@pytest.mark.parametrize(
    ("given", "page"), [("", 1), ("3", 3), ("0", 1), ("-1", 1), ("10001", 1), ("x", 1), ("10000", 10000)]
)
def test_page(given: str, page: int):
    assert read({"page": given}).page == page


@pytest.mark.parametrize(
    ("parameters", "gender"),
    [
        ({"gender": "female"}, "female"),
        ({"gender": "Female"}, None),
        ({"gender": "x"}, None),
        ({"gender": "female", "seed": "s"}, None),
    ],
)
def test_gender(parameters: dict[str, str], gender: str | None):
    assert read(parameters).gender == gender


@pytest.mark.parametrize("value", ["", "true", "false"])
def test_noinfo_counts_whatever_its_value(value: str):
    assert not read({"noinfo": value}).info
    assert read({}).info


@pytest.mark.parametrize(
    ("parameters", "indented", "unavailable"),
    [
        ({}, False, None),
        ({"format": "json"}, False, None),
        ({"format": "JSON"}, False, None),
        ({"format": "pretty"}, True, None),
        ({"fmt": "prettyjson"}, True, None),
        ({"format": "parquet"}, False, None),
        ({"format": "CSV"}, False, "csv"),
        ({"format": "xml"}, False, "xml"),
        ({"format": "yaml"}, False, "yaml"),
    ],
)
def test_format(parameters: dict[str, str], indented: bool, unavailable: str | None):  # noqa: FBT001 - a table's column
    assert read(parameters).indented is indented
    assert unavailable_format(parameters) == unavailable


def test_without_a_seed_each_query_has_its_own():
    assert read({}).seed != read({}).seed


names = st.sampled_from(["results", "nat", "inc", "exc", "page", "seed", "gender", "lego", "noinfo", "format"])


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, st.text()))
def test_nothing_is_an_error(parameters: dict[str, Any]):
    query = read(parameters)
    assert 1 <= query.results <= 5000
    assert set(query.nationalities) <= {*EVERYONE, "LEGO"}
    assert query.nationalities
    assert query.seed
