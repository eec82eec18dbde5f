"""An independent reading of a record, reasons to reject it included: plain Python, from the table of reasons alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

_MISSING = object()
_DEEPEST = 100
_TEXTS = {
    "gender": 10,
    "name.title": 20,
    "name.first": 50,
    "name.last": 50,
    "location.street.name": 100,
    "location.city": 50,
    "location.state": 50,
    "location.country": 50,
    "location.postcode": 20,
    "email": 100,
    "login.uuid": None,
    "phone": 20,
    "cell": 20,
    "picture.large": None,
}
# In the order of the table's columns: the first field that is wrong gives the reason.
COLUMNS = {
    "gender": "gender",
    "name_title": "name.title",
    "name_first": "name.first",
    "name_last": "name.last",
    "street_number": "location.street.number",
    "street_name": "location.street.name",
    "city": "location.city",
    "state": "location.state",
    "country": "location.country",
    "postcode": "location.postcode",
    "email": "email",
    "uuid": "login.uuid",
    "dob_date": "dob.date",
    "age": "dob.age",
    "phone": "phone",
    "cell": "cell",
    "picture_large": "picture.large",
}
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):(\d\d))?", re.ASCII
)


@dataclass(frozen=True)
class Rejection(Exception):  # noqa: N818 - an answer
    """A record that can't be a row: the reason, and the field that is to blame, if one is."""

    reason: str
    path: str = ""


def judge(value: bytes | None) -> dict[str, Any] | Rejection:
    """Give the row that a record must become, or why it must be rejected."""
    try:
        person = _object(value)
        row = dict(_columns(person))
    except Rejection as rejection:
        return rejection
    domain = row["email"].rpartition("@")[2]
    return Rejection("too_long", "the domain of email") if len(domain) > 50 else row | {"email_domain": domain}


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Rejection("tombstone")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Rejection("invalid_utf8") from None
    if not text.strip():
        raise Rejection("empty")
    try:
        read = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse, parse_int=_whole)
    except (ValueError, RecursionError):
        raise Rejection("not_json") from None
    if _is_deeper(read, _DEEPEST):
        raise Rejection("not_json")
    if any("\ud800" <= character <= "\udfff" for text in _all_texts(read) for character in text):
        raise Rejection("unstorable_character")
    found = _plain(read)
    if not isinstance(found, dict):
        raise Rejection("not_an_object")
    if found.get("error") is not None and _at(found, "login.uuid") is _MISSING:
        raise Rejection("api_error")
    return found


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written, with keys that come twice."""


def _refuse(_constant: str) -> None:
    raise ValueError("JSON has no such number")


def _whole(digits: str) -> int:
    if len(digits) > 1000:
        raise ValueError("more digits than a JSON parser takes")
    return int(digits)


def _is_deeper(node: Any, levels: int) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether objects and arrays are nested in more levels than that."""
    if not isinstance(node, list):
        return False
    children = (value for _, value in node) if isinstance(node, _Pairs) else node
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _all_texts(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(node, str):
        yield node
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _all_texts(child)


def _plain(node: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, _Pairs):
        if len({key for key, _ in node}) < len(node):
            raise Rejection("duplicate_key")
        return {key: _plain(child) for key, child in node}
    return [_plain(child) for child in node] if isinstance(node, list) else node


def _at(person: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON
    at: Any = person
    for key in path.split("."):
        if not isinstance(at, dict) or key not in at:
            return _MISSING
        at = at[key]
    return at


def _columns(person: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for column, path in COLUMNS.items():
        given = _at(person, path)
        if column == "dob_date":
            yield column, _date(given if given is not _MISSING else _dob(person))
        elif _may_be_absent(column, person) and given in (_MISSING, None):
            yield column, None
        else:
            yield column, _integer(path, given) if path not in _TEXTS else _text(path, given)


def _may_be_absent(column: str, person: dict[str, Any]) -> bool:
    return column == "country" or (column == "age" and _dob(person) is not _MISSING)


def _dob(person: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Give the date of the API's first versions, where `dob` itself is the date."""
    dob: Any = person.get("dob")
    old = isinstance(dob, str) or (_is_integer(dob) and -(2**63) <= dob < 2**63)
    return dob if old else _MISSING


def _is_integer(given: Any) -> bool:  # noqa: ANN401 - any JSON
    # A number with more than 38 digits is no whole number to the parser, but one with an exponent.
    return isinstance(given, int) and not isinstance(given, bool) and len(str(abs(given))) <= 38


def _present(path: str, given: Any) -> None:  # noqa: ANN401 - any JSON
    if given is _MISSING:
        raise Rejection("missing_field", path)
    if given is None:
        raise Rejection("null_field", path)


def _integer(path: str, given: Any) -> int:  # noqa: ANN401 - any JSON
    _present(path, given)
    if not _is_integer(given):
        raise Rejection("wrong_type", path)
    if not -(2**31) <= given < 2**31:
        raise Rejection("out_of_range", path)
    return given


def _text(path: str, given: Any) -> Any:  # noqa: ANN401 - any JSON
    _present(path, given)
    if path == "location.postcode" and _is_integer(given):
        given = str(given)
    if not isinstance(given, str):
        raise Rejection("wrong_type", path)
    text = given.strip()
    if "\0" in text:
        raise Rejection("unstorable_character", path)
    longest = _TEXTS[path]
    if longest is not None and len(text) > longest:
        raise Rejection("too_long", path)
    if path == "login.uuid":
        if not re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
            raise Rejection("invalid_uuid", path)
        return UUID(text)
    if path == "email" and ("@" not in text or text.endswith("@")):
        raise Rejection("invalid_email", path)
    return text


def _date(given: Any) -> datetime:  # noqa: ANN401 - any JSON
    path = "dob.date"
    _present(path, given)
    if not isinstance(given, str) and not _is_integer(given):
        raise Rejection("wrong_type", path)
    try:
        return _moment(given).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Rejection("invalid_date", path) from None


def _moment(given: str | int) -> datetime:
    if isinstance(given, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=given)
    found = _DATE.fullmatch(given.strip())
    if found is None:
        raise ValueError(given)
    *day_and_time, fraction, _, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset > timedelta(hours=18) or int(minutes or 0) > 59:
        raise ValueError(given)
    zone = timezone(-offset if sign == "-" else offset)
    microseconds = int((fraction or "0").ljust(6, "0")[:6])
    year, month, day, hour, minute, second = map(int, day_and_time)
    return datetime(year, month, day, hour, minute, second, microseconds, zone)
