"""The embedded API's people against the recorded ones of the real API, field by field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stack.embedded_api.answers import document
from stack.embedded_api.nationalities import NATIONALITIES
from stack.embedded_api.query import read
from tests.unit.embedded_api.plausible import assert_plausible, day_of
from tests.unit.embedded_api.recording import RECORDING, SHAPE, recorded_people
from tests.unit.embedded_api.shape import Shape, leaves, shape

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# The real API writes these numbers by mistake: JavaScript's NaN and undefined.
API_MISTAKES = {"FI": {"id.value"}}

needs_recording = pytest.mark.skipif(not RECORDING.exists(), reason="the recording lies beside the repository")


@pytest.fixture(scope="module")
def made_up() -> list[dict[str, Any]]:
    """100 people of each nationality."""
    people: list[dict[str, Any]] = []
    for code in NATIONALITIES:
        answer: Any = document(read({"results": "100", "nat": code, "seed": f"shape {code}"}), NOW)
        people += answer["results"]
    return people


@pytest.fixture(scope="module")
def recorded_shape() -> Shape:
    return json.loads(SHAPE.read_bytes())


def test_everyone_has_the_recorded_fields_with_the_recorded_types(made_up: list[dict[str, Any]], recorded_shape: Shape):
    found = shape(made_up)
    assert found["everyone"] == recorded_shape["everyone"]
    assert list(found["everyone"]) == list(recorded_shape["everyone"]), "the order of the fields"


@pytest.mark.parametrize("code", NATIONALITIES)
def test_numbers_have_every_recorded_form(code: str, made_up: list[dict[str, Any]], recorded_shape: Shape):
    found = shape(person for person in made_up if person["nat"] == code)[code]
    for path, forms in recorded_shape[code].items():
        if path not in API_MISTAKES.get(code, ()):
            assert set(forms) <= set(found[path]), path


def test_every_made_up_person_is_plausible(made_up: list[dict[str, Any]]):
    for person in made_up:
        assert_plausible(person, NOW.date())


@needs_recording
def test_every_recorded_person_is_plausible():
    people = recorded_people()
    day = day_of(people)
    for person in people:
        assert_plausible(person, day)


@needs_recording
def test_the_shape_kept_here_is_that_of_the_recording(recorded_shape: Shape):
    assert shape(recorded_people()) == recorded_shape


@needs_recording
def test_the_made_up_are_as_long_as_the_recorded(made_up: list[dict[str, Any]]):
    longest: dict[str, int] = {}
    for person in made_up:
        for path, value in leaves(person):
            longest[path] = max(longest.get(path, 0), len(str(value)))
    for person in recorded_people():
        for path, value in leaves(person):
            mistake = path in API_MISTAKES.get(person["nat"], ())
            assert mistake or path == "login.password" or len(str(value)) <= longest[path], path
