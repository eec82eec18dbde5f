"""Bodies → people or the right error, without a server."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_defs.random_user import errors
from pipeline_defs.random_user.response import NEEDED_FIELDS, Answer, people_in

URL = "https://api.example/api/1.4/"
RECORDING = Path(__file__).parents[4] / "shared" / "randomuser" / "recorded-1.4-111-users.json"


def person(number: int = 1, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The smallest person that is one."""
    uuid = f"00000000-0000-4000-8000-{number:012}"
    whole = {
        "gender": "female",
        "name": {"title": "Ms", "first": "Zoë", "last": "Ek"},
        "location": {"country": "Finland"},
        "email": "zoe.ek@example.com",
        "login": {"uuid": uuid},
        "dob": {},
        "phone": "1",
        "cell": "2",
        "picture": {},
    }
    return {name: value for name, value in {**whole, **changed}.items() if value is not ...}


def body_of(*people: object) -> bytes:
    return json.dumps({"results": list(people), "info": {"seed": "s"}}).encode()


def judge(body: bytes, count: int = 1, content_type: str = "application/json; charset=utf-8") -> Any:  # noqa: ANN401
    return people_in(Answer(URL, content_type, body, count))


def test_a_person_is_read():
    (read,) = judge(body_of(person()))
    assert (read.uuid, read.name, read.country) == ("00000000-0000-4000-8000-000000000001", "Zoë Ek", "Finland")
    assert read.raw == json.dumps(person()).encode()


def test_a_person_without_a_country_goes_by_nationality():
    (read,) = judge(body_of(person(location={}, nat="LEGO")))
    assert read.country == "LEGO"


FEW = [
    # the body, what it is, and a piece of what the user reads
    (b"<html><body>Down</body></html>", errors.NotJsonError, "beginning with '<html><body>Down"),
    (b"not json", errors.NotJsonError, "'not json'"),
    (b'{"results": [NaN]}', errors.NotJsonError, "NaN is not JSON"),
    (b'{"results": [1,]}', errors.NotJsonError, "something other than JSON"),
    (b'{"results": []} trailing', errors.NotJsonError, "Extra data"),
    (b'{"r": "\xff"}', errors.NotJsonError, "byte 7 is not UTF-8"),
    ('{"r": "č'.encode()[:-1], errors.CutOffError, "its JSON ends in the middle"),
    (b"[" * 100_000, errors.NotJsonError, "nested too deeply"),
    (b"", errors.CutOffError, "its body is empty"),
    (b" \n", errors.CutOffError, "its body is empty"),
    (b'{"results": [{"gender": "ma', errors.CutOffError, "its JSON ends in the middle"),
    (b'{"results": [{"gender": "male"}', errors.CutOffError, "its JSON ends in the middle"),
    (b'{"results": [{"gender": "male"}, ', errors.CutOffError, "its JSON ends in the middle"),
    (b"[]", errors.WrongShapeError, "a JSON array where an object was expected"),
    (b"null", errors.WrongShapeError, "a JSON null"),
    (b'"text"', errors.WrongShapeError, "a JSON string"),
    (b"3", errors.WrongShapeError, "a JSON number"),
    (b"{}", errors.WrongShapeError, "it has no `results`"),
    (b'{"results": {}}', errors.WrongShapeError, "`results` is a JSON object"),
    (b'{"results": null}', errors.WrongShapeError, "`results` is a JSON null"),
    (b'{"results": [], "info": {"results": 1}}', errors.NoPeopleError, "an empty list where 1 people"),
    (b'{"error": "Uh oh, something has gone wrong."}', errors.ApiSaysError, "'Uh oh, something has gone wrong.'"),
    (b'{"error": "Uh oh", "results": [1]}', errors.ApiSaysError, "'Uh oh'"),
    (b'{"results": [null]}', errors.WrongShapeError, "person 1 is a JSON null"),
    (b'{"results": [[]]}', errors.WrongShapeError, "person 1 is a JSON array"),
    (body_of(person(), person(2)), errors.WrongShapeError, "2 people where 1 were asked for"),
    (body_of(person(name="Zoë")), errors.WrongShapeError, "`name` of person 1 is a JSON string"),
    (body_of(person(email=None)), errors.WrongShapeError, "`email` of person 1 is a JSON null"),
    (body_of(person(phone=3)), errors.WrongShapeError, "`phone` of person 1 is a JSON number"),
    (body_of(person(login={})), errors.MissingUuidError, "without a valid `login.uuid` (there is none)"),
    (body_of(person(login={"uuid": 7})), errors.MissingUuidError, "(7)"),
    (body_of(person(login={"uuid": ""})), errors.MissingUuidError, "''"),
    (body_of(person(login={"uuid": "0" * 32})), errors.MissingUuidError, "(number 1)"),
]


@pytest.mark.parametrize(("body", "error", "said"), FEW)
def test_anything_else_is_an_error(body: bytes, error: type[errors.RandomUserError], said: str):
    with pytest.raises(errors.RandomUserError) as raised:
        judge(body)
    assert type(raised.value) is error
    assert said in str(raised.value)
    assert URL in str(raised.value)


@pytest.mark.parametrize("field", NEEDED_FIELDS)
def test_no_needed_field_may_be_missing(field: str):
    with pytest.raises(errors.WrongShapeError, match=f"`{field}` of person 2 is missing"):
        judge(body_of(person(1), person(2, **{field: ...})), count=2)


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "text/plain", "application/xml", ""])
def test_the_content_type_must_be_json(content_type: str):
    with pytest.raises(errors.NotJsonError, match="content type"):
        judge(body_of(person()), content_type=content_type)


def test_fewer_people_are_none():
    with pytest.raises(
        errors.TooFewPeopleError, match="gave 2 people where 3 were asked for, so none was used"
    ) as raised:
        judge(body_of(person(1), person(2)), count=3)
    assert raised.value.may_pass


def test_doubled_uuids_are_refused():
    with pytest.raises(errors.DoubledUuidError, match="00000000-0000-4000-8000-000000000001 to two people"):
        judge(body_of(person(1), person(2), person(1, email="other@example.com")), count=3)


def test_a_quoted_text_stays_short():
    with pytest.raises(errors.NotJsonError) as raised:
        judge(b"<html>" + b"x" * 100_000)
    assert len(str(raised.value)) < 500


blanks = st.text(alphabet=" \t\r\n", max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.dictionaries(st.text().filter(lambda name: name not in {"results", "error"}), values, max_size=3)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A body in any style of writing, with the texts of the people in it."""

    def written(value: object) -> str:
        return json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1, "\t"])))

    people = [written(person(number, extra=draw(values))) for number in range(draw(st.integers(1, 4)))]
    separated = ",".join(draw(blanks) + one + draw(blanks) for one in people)
    results = f'"results"{draw(blanks)}:{draw(blanks)}[{separated}]'
    others = [f"{json.dumps(name)}:{written(value)}" for name, value in draw(members).items()]
    place = draw(st.integers(0, len(others)))
    parts = [*others[:place], results, *others[place:]]
    text = draw(blanks) + "{" + ",".join(draw(blanks) + part + draw(blanks) for part in parts) + "}" + draw(blanks)
    return text.encode(), [one.encode() for one in people]


@settings(deadline=None, max_examples=50)
@given(answers())
def test_each_person_is_kept_byte_for_byte(given_answer: tuple[bytes, list[bytes]]):
    body, people = given_answer
    assert [one.raw for one in judge(body, count=len(people))] == people


def test_of_two_lists_the_last_counts_as_for_every_json_reader():
    body = b'{"results":[1,2],"results":[' + json.dumps(person()).encode() + b"]}"
    (read,) = judge(body)
    assert json.loads(read.raw) == person()


@settings(deadline=None, max_examples=50)
@given(st.binary())
def test_any_bytes_are_people_or_a_named_error(body: bytes):
    with pytest.raises(errors.RandomUserError):
        judge(body)


@settings(deadline=None, max_examples=50)
@given(values)
def test_any_json_is_people_or_a_named_error(value: object):
    for body in (value, {"results": value}, {"results": [value]}, {"results": [person(login=value)]}):
        with pytest.raises(errors.RandomUserError):
            judge(json.dumps(body).encode())


@pytest.mark.skipif(not RECORDING.exists(), reason="the recording lies beside the repository")
def test_the_recorded_people_are_read():
    body = RECORDING.read_bytes()
    people = judge(body, count=111)
    assert [json.loads(one.raw) for one in people] == json.loads(body)["results"]
    rest = body
    for one in people:
        assert rest.count(one.raw) == 1
        rest = rest.replace(one.raw, b"")
    assert "".join(rest.decode().split()).startswith('{"results":[' + "," * 110 + "]")
