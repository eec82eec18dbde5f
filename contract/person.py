"""One reader of a record: a person's JSON → a row of `users`, or why there is none.

Tolerant where the API is: postcodes are numbers or text, dates come with or without milliseconds or as epoch seconds,
and a person may have no country. Strict where the table is: lengths, integer ranges, uuid syntax, dates that exist.
Text is trimmed. A key that comes twice counts last.

orjson reads a good record. No record is rejected on its word: the standard library's reader then decides, since orjson
makes a float of a whole number beyond 64 bits, and refuses half a surrogate pair just as what is no JSON at all.
"""

import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from contract.contract import Contract, Row
from contract.rejection import Rejection

_Object = dict[str, Any]

# Enough for any person, and far from where a reader runs out of stack.
_DEEPEST = 100
# What has more digits is read as a float: to make an integer of a million digits takes minutes.
_MOST_DIGITS = 38
_INT = range(-(2**31), 2**31)
_SECONDS = range(-62135596800, 253402300800)  # of the years 1 to 9999, since the epoch
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, as the column is
_FURTHEST_ZONE = timedelta(hours=18)

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d)?", re.ASCII)
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # or the beginning of one: each byte is passed once
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = b"[{"
_JSON_BLANKS = " \t\n\r"
_OTHER_ESCAPE = re.compile(r"\\[^u]")
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
_HALF_PAIR = re.compile(f"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")
_WORDS = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}


def _uuid(text: str) -> str | Rejection:
    if _UUID.fullmatch(text):
        return text.lower()
    return Rejection("invalid_uuid", "login.uuid is not written as a uuid")


def _email(text: str) -> str | Rejection:
    if _domain(text) not in ("", text):
        return text
    return Rejection("invalid_email", "email has no domain after an @")


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _moment(written: str | int) -> str | Rejection:
    """Return the text of a UTC timestamp. No zone means UTC; digits behind the microseconds are cut off."""
    if isinstance(written, int):
        if written in _SECONDS:
            return str(_EPOCH + timedelta(seconds=written))
    elif match := _DATE.fullmatch(written):
        day, time, fraction, zone = match.groups("")
        try:
            moment = datetime.fromisoformat(written)
            if zone in ("", "Z"):
                return f"{day} {time}{fraction[:7]}"
            offset = moment.utcoffset() or timedelta()
            if abs(offset) <= _FURTHEST_ZONE:
                return str(moment.replace(tzinfo=None) - offset)
        except (ValueError, OverflowError):
            pass  # There is no such day or hour, or not within the years 1 to 9999 of UTC.
    return Rejection("invalid_date", "dob.date is no date and time that exists")


class Leaf(NamedTuple):
    """A column of `users`, and the place in a person's JSON that fills it.

    Attributes:
        column: its name.
        path: the keys that lead to the value.
        types: what the value may be.
        longest: how many characters the column holds.
        required: whether a person without it, or with null there, is rejected.
        convert: returns what goes into the column, for a value that is right so far, or why it is not.
    """

    column: str
    path: str
    types: tuple[type, ...] = (str,)
    longest: int | None = None
    required: bool = True
    convert: Callable[[Any], str | Rejection] | None = None


# In the table's order: the first field that is wrong gives the reason.
LEAVES = (
    Leaf("gender", "gender", longest=10),
    Leaf("name_title", "name.title", longest=20),
    Leaf("name_first", "name.first", longest=50),
    Leaf("name_last", "name.last", longest=50),
    Leaf("street_number", "location.street.number", (int,)),
    Leaf("street_name", "location.street.name", longest=100),
    Leaf("city", "location.city", longest=50),
    Leaf("state", "location.state", longest=50),
    Leaf("country", "location.country", longest=50, required=False),
    Leaf("postcode", "location.postcode", (str, int), longest=20, convert=str),
    Leaf("email", "email", longest=100, convert=_email),
    Leaf("uuid", "login.uuid", convert=_uuid),
    Leaf("dob_date", "dob.date", (str, int), convert=_moment),
    Leaf("age", "dob.age", (int,)),
    Leaf("phone", "phone", longest=20),
    Leaf("cell", "cell", longest=20),
    Leaf("picture_large", "picture.large"),
    Leaf("email_domain", "email", longest=50, convert=_domain),
)
COLUMNS = tuple(leaf.column for leaf in LEAVES)


def parse(value: bytes | None) -> Row | Rejection:
    """Return the row of a record's value, in the order of COLUMNS, or why there is none. Raises nothing."""
    if value is None:
        return Rejection("tombstone", "the record has no value")
    if not _is_too_deep(value):
        try:
            row = _row(orjson.loads(value))
        except orjson.JSONDecodeError:
            pass
        else:
            if not isinstance(row, Rejection):
                return row
    return _parse_strictly(value)


def _parse_strictly(value: bytes) -> Row | Rejection:
    document = _read_strictly(value)
    if isinstance(document, Rejection):
        return document
    if _is_api_error(document):
        return Rejection("api_error", "the value is the API's error object")
    return _row(document)


def _read_strictly(value: bytes) -> object | Rejection:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return Rejection("invalid_utf8", "the value is not UTF-8")
    if not text.strip():
        return Rejection("empty", "the value is empty or blank")
    text = text.strip(_JSON_BLANKS)
    try:
        document, end = _first_value(text, value)
    except ValueError:
        return Rejection("not_json", "the value is not JSON, is cut off, or is nested too deep")
    if end < len(text):
        return Rejection("not_json", "something follows the end of the JSON")
    if _HALF_PAIR.search(_OTHER_ESCAPE.sub(" ", text)):
        return Rejection("unstorable_character", "the value holds half a surrogate pair")
    return document


def _first_value(text: str, value: bytes) -> tuple[object, int]:
    """Return the JSON that text begins with, and where it ends.

    Raises:
        ValueError: it begins with none, or with what is nested too deep.
    """
    if _is_too_deep(value):
        raise ValueError
    return _DECODER.raw_decode(text)


def _is_api_error(document: object) -> bool:
    """Return whether it speaks of an error, and of nobody."""
    if not isinstance(document, dict) or document.get("error") is None:
        return False
    login = document.get("login")
    return not isinstance(login, dict) or login.get("uuid") is None


def _is_too_deep(value: bytes) -> bool:
    """Return whether JSON is nested too deep; what has few brackets needs no closer look."""
    if value.count(b"{") + value.count(b"[") <= _DEEPEST:
        return False
    depth = 0
    for bracket in _JSON_STRING.sub(b"", value).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        if depth > _DEEPEST:
            return True
    return False


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= _MOST_DIGITS else float(digits)


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN, Infinity


_DECODER = json.JSONDecoder(parse_int=_whole_number, parse_constant=_refuse)


def _row(person: object) -> Row | Rejection:
    if not isinstance(person, dict):
        return Rejection("not_an_object", f"the value is {_described(person)}")
    objects = {"": person}
    for path, parent, key in _OBJECTS:
        child = objects[parent].get(key)
        objects[path] = child if isinstance(child, dict) else {}
    row: list[str | int | None] = []
    for leaf, parent, key, room in _PLAN:
        value = objects[parent].get(key)
        # Most leaves end here. The rest of the loop would say the same of them, in twice the time.
        if type(value) is str and len(text := value.strip()) <= room and "\0" not in text:
            row.append(text)
            continue
        result = _absent(leaf, person, is_null=key in objects[parent]) if value is None else _present(leaf, value)
        if isinstance(result, Rejection):
            return result
        row.append(result)
    return tuple(row)


def _plan() -> tuple[list[tuple[str, str, str]], list[tuple[Leaf, str, str, int]]]:
    """Return what _row walks along.

    Returns:
        The objects that hold leaves, outer ones first: path, path of the one around it, key. And for each leaf the path
        of its object, its key, and how much text it takes as it is: -1 where there is more to ask.
    """
    objects: dict[str, tuple[str, str, str]] = {}
    leaves = []
    for leaf in LEAVES:
        *parents, key = leaf.path.split(".")
        path = ""
        for parent in parents:
            outer, path = path, f"{path}.{parent}"
            objects[path] = path, outer, parent
        is_plain = leaf.types == (str,) and leaf.convert is None
        leaves.append((leaf, path, key, (leaf.longest or sys.maxsize) if is_plain else -1))
    return list(objects.values()), leaves


_OBJECTS, _PLAN = _plan()


def _absent(leaf: Leaf, person: _Object, *, is_null: bool) -> str | int | Rejection | None:
    dob = person.get("dob")
    if type(dob) in (str, int):
        # As in versions 1.0 and 1.1 of the API: `dob` itself is the date, and there is no age.
        if leaf.column == "dob_date":
            return _present(leaf, dob)
        if leaf.column == "age":
            return None
    if not leaf.required:
        return None
    if is_null:
        return Rejection("null_field", f"{leaf.path} is null")
    return Rejection("missing_field", f"{leaf.path} is missing")


def _present(leaf: Leaf, value: Any) -> str | int | Rejection:  # noqa: ANN401 - any JSON
    if type(value) not in leaf.types:
        expected = " or ".join("text" if kind is str else "a whole number" for kind in leaf.types)
        return Rejection("wrong_type", f"{leaf.path} is {_described(value)}, expected {expected}")
    if leaf.types == (int,):
        return value if value in _INT else Rejection("out_of_range", f"{leaf.path} does not fit an INT")
    if isinstance(value, str):
        value = value.strip()
        if "\0" in value:
            return Rejection("unstorable_character", f"{leaf.path} holds a character that can't be stored")
    text = leaf.convert(value) if leaf.convert else value
    if leaf.longest is None or isinstance(text, Rejection) or len(text) <= leaf.longest:
        return text
    field = "the domain of email" if leaf.column == "email_domain" else leaf.path
    return Rejection("too_long", f"{field} has {len(text)} characters, at most {leaf.longest} are allowed")


def _described(value: object) -> str:
    """Return a value's type in plain words."""
    return _WORDS.get(type(value), "a number")


PERSON = Contract("users", COLUMNS, parse)
