"""What the RandomUser API answered → people, or the error that says why not. No input or output here."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from pipeline_defs.random_user.errors import (
    ApiSaysError,
    CutOffError,
    DoubledUuidError,
    MissingUuidError,
    NoPeopleError,
    NotJsonError,
    TooFewPeopleError,
    WrongShapeError,
)

NEEDED_FIELDS = ("gender", "name", "location", "email", "login", "dob", "phone", "cell", "picture")
"""The fields of a person from which the columns of `users` are made."""

_OBJECTS = frozenset({"name", "location", "login", "dob", "picture"})
_DECODER = json.JSONDecoder()
_LONGEST_QUOTE = 120
_BLANK = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True)
class Person:
    """One person, as the API gave it.

    Attributes:
        uuid: `login.uuid`, the one thing that identifies a person.
        raw: the person's JSON, byte for byte as it stood in the answer.
        name: first and last name, for people to read.
        country: `location.country`; for LEGO people, who have none, their nationality.
    """

    uuid: str
    raw: bytes
    name: str
    country: str


@dataclass(frozen=True)
class Answer:
    """The body of an answer with status 200, with what is needed to judge it.

    Attributes:
        url: where it came from, for messages.
        content_type: the header as received; empty if there was none.
        body: the bytes, after any transfer or content encoding.
        count: how many people were asked for.
    """

    url: str
    content_type: str
    body: bytes
    count: int


def people_in(answer: Answer) -> tuple[Person, ...]:
    """Give exactly the people asked for, in the order of the answer.

    Raises:
        RandomUserError: the subclass that says what the answer is instead.
    """
    text = _json_text(answer)
    results = _results(answer, _document(answer, text))
    texts = _elements(text, "results")
    people = tuple(
        _person(answer, number, given, raw) for number, (given, raw) in enumerate(zip(results, texts, strict=True), 1)
    )
    if len(people) < answer.count:
        raise TooFewPeopleError(url=answer.url, given=len(people), count=answer.count)
    seen: set[str] = set()
    for person in people:
        if person.uuid in seen:
            raise DoubledUuidError(url=answer.url, uuid=person.uuid)
        seen.add(person.uuid)
    return people


def _json_text(answer: Answer) -> str:
    """Give the body as text, once its header says that it is JSON."""
    beginning = _beginning(answer.body)
    media_type = answer.content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        reason = f"content type {media_type}" if media_type else "no content type"
        raise NotJsonError(url=answer.url, reason=reason, beginning=beginning)
    try:
        return answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise CutOffError(url=answer.url, reason="its JSON ends in the middle") from None
        raise NotJsonError(url=answer.url, reason=f"byte {error.start} is not UTF-8", beginning=beginning) from None


def _document(answer: Answer, text: str) -> dict[str, object]:
    """Read the whole answer as one JSON object."""
    trimmed = text.strip()
    if not trimmed:
        raise CutOffError(url=answer.url, reason="its body is empty")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if trimmed.startswith("{") and _ends_too_early(trimmed, error):
            raise CutOffError(url=answer.url, reason="its JSON ends in the middle") from None
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise NotJsonError(url=answer.url, reason=reason, beginning=_beginning(answer.body)) from None
    if not isinstance(document, dict):
        raise WrongShapeError(url=answer.url, reason=f"a JSON {_kind(document)} where an object was expected")
    return document


def _ends_too_early(text: str, error: ValueError | RecursionError) -> bool:
    """Tell whether a JSON text that can't be read is the beginning of one; it may end just behind an inner `}`."""
    if isinstance(error, json.JSONDecodeError) and error.pos >= len(text):
        return True
    return not text.endswith("}") and "Extra data" not in str(error)


def _results(answer: Answer, document: dict[str, object]) -> list[object]:
    """Take the list of people out of the answer."""
    if "error" in document:
        raise ApiSaysError(url=answer.url, said=_shortened(str(document["error"])))
    results = document.get("results")
    if not isinstance(results, list):
        reason = f"`results` is a JSON {_kind(results)}" if "results" in document else "it has no `results`"
        raise WrongShapeError(url=answer.url, reason=reason)
    if not results:
        raise NoPeopleError(url=answer.url, count=answer.count)
    if len(results) > answer.count:
        reason = f"{len(results)} people where {answer.count} were asked for"
        raise WrongShapeError(url=answer.url, reason=reason)
    return results


def _person(answer: Answer, number: int, given: object, raw: str) -> Person:
    """Make a person of one element of `results`, if it has what `users` needs."""
    if not isinstance(given, dict):
        raise WrongShapeError(url=answer.url, reason=f"person {number} is a JSON {_kind(given)}")
    for field in NEEDED_FIELDS:
        expected = dict if field in _OBJECTS else str
        if not isinstance(given.get(field), expected):
            found = f"a JSON {_kind(given[field])}" if field in given else "missing"
            raise WrongShapeError(url=answer.url, reason=f"`{field}` of person {number} is {found}")
    uuid = given["login"].get("uuid")
    if not _is_uuid(uuid):
        given_uuid = "there is none" if uuid is None else _shortened(repr(uuid))
        raise MissingUuidError(url=answer.url, number=number, given=given_uuid)
    name, location = given["name"], given["location"]
    return Person(
        uuid=uuid,
        raw=raw.encode("utf-8"),
        name=f"{name.get('first') or ''} {name.get('last') or ''}".strip(),
        country=str(location.get("country") or given.get("nat") or ""),
    )


def _elements(text: str, member: str) -> Iterator[str]:
    """Walk a JSON text that is known to be valid and give each element of the member's list as it stands in it."""
    position = _skip(text, 0) + 1
    start = 0
    while text[position := _skip(text, position)] != "}":
        name, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if name == member:
            start = position  # the last one counts, as it does for json.loads
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        position += text[position] == ","
    position = start + 1
    while text[position := _skip(text, position)] != "]":
        begin = position
        _, position = _DECODER.raw_decode(text, position)
        yield text[begin:position]
        position = _skip(text, position)
        position += text[position] == ","


def _skip(text: str, position: int) -> int:
    """Give the position of the first character that is not blank."""
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _is_uuid(value: object) -> bool:
    """Tell whether a value is a UUID in the one form that the API writes, which PostgreSQL reads too."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _refuse_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return kinds[type(value)]


def _beginning(body: bytes) -> str:
    return _shortened(body[:400].decode("utf-8", errors="replace"))


def _shortened(text: str) -> str:
    """Keep a foreign text to one short line, so that a message stays a message."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"
