"""What may be asked for; nothing is sent here."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_defs.random_user import RandomUserApi
from pipeline_defs.random_user.errors import InvalidRequestError
from pipeline_defs.random_user.options import FIELDS, NATIONALITIES, checked_parameters, checked_url
from pipeline_defs.random_user.response import NEEDED_FIELDS
from stack.embedded_api import nationalities, query

URL = "https://api.example/api/1.4/"


@pytest.mark.parametrize(
    ("nationalities", "include", "exclude", "parameters"),
    [
        ((), (), (), {}),
        (("CH",), (), (), {"nat": "CH"}),
        (("ch", " fr ", "CH"), (), (), {"nat": "CH,FR"}),
        ((), (), ("registered", "ID"), {"exc": "registered,id"}),
        ((), NEEDED_FIELDS, (), {"inc": ",".join(NEEDED_FIELDS)}),
        ((), FIELDS, ("nat",), {"inc": ",".join(FIELDS), "exc": "nat"}),
    ],
)
def test_options_become_parameters(
    nationalities: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...], parameters: dict[str, str]
):
    assert checked_parameters(URL, nationalities, include, exclude) == parameters


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"nationalities": ("CH", "XX")},
            r"in RANDOM_USER_NATIONALITIES: 'XX'; allowed are AU, BR, CA, .*, UA, US",
        ),
        ({"nationalities": ("LEGO",)}, r"unknown nationality in RANDOM_USER_NATIONALITIES: 'LEGO'"),
        ({"nationalities": ("",)}, r"RANDOM_USER_NATIONALITIES: ''"),
        ({"include": ("name", "shoe")}, r"unknown field in RANDOM_USER_INCLUDE: 'shoe'; allowed are gender, name"),
        (
            {"exclude": ("email",)},
            r"`users` needs the fields email, so RANDOM_USER_INCLUDE and RANDOM_USER_EXCLUDE can't",
        ),
        ({"include": ("name", "login")}, r"needs the fields gender, location, email, dob, phone, cell, picture"),
        ({"include": FIELDS, "exclude": ("login",)}, r"needs the fields login"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_sent(options: dict[str, Any], said: str):
    with pytest.raises(InvalidRequestError, match=said):
        RandomUserApi(URL, **options)


@settings(deadline=None, max_examples=50)
@given(st.sets(st.sampled_from(FIELDS)))
def test_no_needed_field_can_be_excluded(excluded: set[str]):
    if excluded & set(NEEDED_FIELDS):
        with pytest.raises(InvalidRequestError):
            checked_parameters(URL, (), (), excluded)
    else:
        assert set(checked_parameters(URL, (), (), excluded).get("exc", "").split(",")) - {""} == excluded


@pytest.mark.parametrize(
    "url", ["https://randomuser.me/api/1.4/", "http://127.0.0.1:8090/api/1.4/", "http://[::1]:8090/api/", "HTTP://a"]
)
def test_usable_addresses(url: str):
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "must be an http or https address"),
        ("randomuser.me/api", "must be an http or https address"),
        ("ftp://randomuser.me/api", "must be an http or https address"),
        ("https://", "must be an http or https address"),
        ("https://host:port/", "must be an http or https address"),
        ("http://[::1/", "must be an http or https address"),
        ("https://randomuser.me/api/?seed=abc", "a seed is never sent"),
        ("https://randomuser.me/api/#top", "must end with its path"),
    ],
)
def test_unusable_addresses(url: str, said: str):
    with pytest.raises(InvalidRequestError, match=said):
        RandomUserApi(url)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(InvalidRequestError, match="must not hold a user or a password") as raised:
        RandomUserApi("https://me:geheim@host.example/api/")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("count", [0, -1, 5001])
def test_an_impossible_number_of_people_is_refused(count: int):
    with pytest.raises(InvalidRequestError, match=f"{count} people; PEOPLE_PER_TICK must be between 1 and 5,000"):
        RandomUserApi("http://127.0.0.1:9/").fetch(count, deadline_seconds=1)


def test_the_embedded_api_knows_the_same_nationalities_and_fields():
    assert tuple(nationalities.NATIONALITIES) == NATIONALITIES
    assert set(query.FIELDS) == set(FIELDS)
