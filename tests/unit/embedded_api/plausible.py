"""What is true of every person of version 1.4, recorded or made up, field by field."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from stack.embedded_api.nationalities import NATIONALITIES
from stack.embedded_api.timezones import TIMEZONES

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FIELDS = ["gender", "name", "location", "email", "login", "dob", "registered", "phone", "cell", "id", "picture", "nat"]
TITLES = {"male": {"Mr", "Monsieur"}, "female": {"Miss", "Mrs", "Ms", "Mademoiselle", "Madame"}}
FOLDERS = {"male": ("men", 99), "female": ("women", 96)}


def assert_plausible(person: dict[str, Any], on: date) -> None:
    """Compare one person with what is known of the API; ages are those of a day."""
    assert list(person) == FIELDS
    assert person["name"]["title"] in TITLES[person["gender"]]
    assert person["name"]["first"].strip()
    assert person["name"]["last"].strip()
    assert_location(person)
    assert re.fullmatch(r"[^@]+\.[^@]+@example\.com", person["email"])
    assert_login(person["login"])
    assert_moment(person["dob"], "1944-08-25", "2001-05-29", on)
    assert_moment(person["registered"], "2002-03-21", "2022-05-23", on)
    assert re.search(r"\d{4}", person["phone"].replace("-", "").replace(" ", ""))
    assert (person["id"]["name"] == "") == (person["id"]["value"] is None)
    folder, last = FOLDERS[person["gender"]]
    number = re.fullmatch(rf"https://randomuser\.me/api/portraits/{folder}/(\d+)\.jpg", person["picture"]["large"])
    assert number
    assert 0 <= int(number[1]) <= last
    for size in ("med", "thumb"):
        smaller = person["picture"]["large"].replace("portraits/", f"portraits/{size}/")
        assert person["picture"]["medium" if size == "med" else "thumbnail"] == smaller


def assert_location(person: dict[str, Any]) -> None:
    location = person["location"]
    assert location["country"] == NATIONALITIES[person["nat"]].country
    assert 1 <= location["street"]["number"] <= 9999
    assert 0 < len(location["street"]["name"]) <= 57  # the longest and a blank
    assert location["city"].strip()
    assert location["state"].strip()
    if isinstance(location["postcode"], int):
        assert person["nat"] not in {"CA", "GB", "NL", "NO"}
        assert 200 <= location["postcode"] <= 99_999
    else:
        assert person["nat"] in {"CA", "GB", "NL", "NO"}
    for name, most in (("latitude", 90), ("longitude", 180)):
        assert re.fullmatch(r"-?\d+\.\d{4}", location["coordinates"][name])
        assert -most <= float(location["coordinates"][name]) <= most
    assert (location["timezone"]["offset"], location["timezone"]["description"]) in TIMEZONES


def assert_login(login: dict[str, str]) -> None:
    assert list(login) == ["uuid", "username", "password", "salt", "md5", "sha1", "sha256"]
    assert UUID(login["uuid"]).version == 4
    assert re.fullmatch(r"[a-z]+\d{3}", login["username"])
    assert login["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{8}", login["salt"])
    for name, digits in (("md5", 32), ("sha1", 40), ("sha256", 64)):
        assert re.fullmatch(rf"[0-9a-f]{{{digits}}}", login[name])


def assert_moment(moment: dict[str, Any], first: str, last: str, on: date) -> None:
    assert DATE.fullmatch(moment["date"])
    assert first <= moment["date"][:10] <= last
    assert is_age(moment["age"], moment["date"], on)


def is_age(age: int, moment: str, on: date) -> bool:
    """Tell whether the birthday of that age has come and the next one has not."""
    then = date.fromisoformat(moment[:10])
    today = (on.year, on.month, on.day)
    return (then.year + age, then.month, then.day) <= today < (then.year + age + 1, then.month, then.day)


def day_of(people: list[dict[str, Any]]) -> date:
    """Give a day on which all the ages of these people are right."""
    moments = [moment for person in people for moment in (person["dob"], person["registered"])]
    birthdays = sorted(
        {date.fromisoformat(m["date"][:10]).replace(year=2023) for m in moments if m["date"][5:10] != "02-29"}
    )
    for day in birthdays:
        if all(is_age(m["age"], m["date"], day) for m in moments):
            return day
    pytest.fail("no day of 2023 makes all the recorded ages right")
