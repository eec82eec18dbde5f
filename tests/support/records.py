"""The catalogue of bad input, and of odd input that is good: a record's value, and what must become of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from contract.person import LEAVES

PERSON: dict[str, Any] = {
    "gender": "female",
    "name": {"title": "Ms", "first": "Ada", "last": "Núñez"},
    "location": {
        "street": {"number": 12, "name": "Calle Mayor"},
        "city": "Gijón",
        "state": "Asturias",
        "country": "Spain",
        "postcode": 33201,
    },
    "email": "ada.nunez@example.com",
    "login": {"uuid": "9a700011-0e87-41f1-b1e4-ed1a15226b80"},
    "dob": {"date": "1992-03-18T17:36:00.197Z", "age": 34},
    "phone": "985-000-000",
    "cell": "600-000-000",
    "picture": {"large": "https://randomuser.me/api/portraits/women/1.jpg"},
}


@dataclass(frozen=True)
class Case:
    """A record's value, and the reason to reject it, or what its row must hold."""

    value: bytes | None
    reason: str | None = None
    detail: str = ""
    row: dict[str, str | None] = field(default_factory=dict)


def person(path: str = "", value: object = None, *, without: bool = False) -> bytes:
    """Return PERSON's JSON with one leaf changed or taken out."""
    changed = json.loads(json.dumps(PERSON))
    if path:
        *parents, last = path.split(".")
        at = changed
        for parent in parents:
            at = at[parent]
        if without:
            del at[last]
        else:
            at[last] = value
    return json.dumps(changed, ensure_ascii=False).encode()


GOOD = person()
DEEP = b'{"a":' * 990 + b"1" + b"}" * 990

WHOLE_RECORDS = {
    "tombstone": Case(None, "tombstone"),
    "empty": Case(b"", "empty"),
    "blanks": Case(b" \n\t", "empty"),
    "not JSON": Case(b"hello", "not_json"),
    "cut off": Case(GOOD[:200], "not_json"),
    "cut off inside a character": Case(GOOD[: GOOD.index("ú".encode()) + 1], "invalid_utf8"),
    "HTML": Case(b"<html><body>502 Bad Gateway</body></html>", "not_json"),
    "single quotes": Case(b"{'gender': 'male'}", "not_json"),
    "NaN": Case(b'{"gender": NaN}', "not_json"),
    "raw control character": Case(GOOD.replace(b"Ada", b"A\x01a"), "not_json"),
    "array": Case(b"[]", "not_an_object", "an array"),
    "array of a person": Case(b"[" + GOOD + b"]", "not_an_object", "an array"),
    "number": Case(b"1", "not_an_object", "a number"),
    "string": Case(b'"person"', "not_an_object", "text"),
    "true": Case(b"true", "not_an_object", "a boolean"),
    "null": Case(b"null", "not_an_object", "null"),
    "empty object": Case(b"{}", "missing_field", "gender"),
    "the API's error, and a login": Case(b'{"error": {}, "login": {"uuid": null}}', "api_error"),
    "an error that is null": Case(b'{"error": null}', "missing_field", "gender"),
    "the API's error": Case(b'{"error": "Uh oh, something has gone wrong."}', "api_error"),
    "a person with a field called error": Case(GOOD[:-1] + b', "error": "none"}', row={"gender": "female"}),
    "two objects": Case(GOOD + GOOD, "not_json"),
    "object, comma, object": Case(GOOD + b"," + GOOD, "not_json"),
    "closing bracket behind": Case(GOOD + b"]", "not_json"),
    "closing brace behind": Case(GOOD + b"} x", "not_json"),
    "words behind": Case(GOOD + b" and more", "not_json"),
    "blanks around": Case(b" \n" + GOOD + b"\n ", row={"gender": "female"}),
    "a byte order mark": Case(b"\xef\xbb\xbf" + GOOD, "not_json"),
    "invalid UTF-8": Case(GOOD.replace("ú".encode(), b"\xff"), "invalid_utf8"),
    "Latin-1": Case(GOOD.decode().encode("latin-1"), "invalid_utf8"),
    "a surrogate in UTF-8": Case(GOOD.replace("ú".encode(), b"\xed\xa0\x80"), "invalid_utf8"),
    "arrays, 5,000 deep": Case(b"[" * 5000 + b"]" * 5000, "not_json"),
    "objects, 5,000 deep": Case(b'{"a":' * 5000 + b"1" + b"}" * 5000, "not_json"),
    "a person with a field 5,000 deep": Case(GOOD[:-1] + b', "a":' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json"),
    "a person, 100 deep": Case(GOOD[:-1] + b', "a":' + b"[" * 99 + b"]" * 99 + b"}", row={"age": "34"}),
    "a person, 101 deep": Case(GOOD[:-1] + b', "a":' + b"[" * 100 + b"]" * 100 + b"}", "not_json"),
    "a person with a field 990 deep": Case(GOOD[:-1] + b', "a":' + DEEP + b"}", "not_json"),
    "a gender 990 deep": Case(GOOD.replace(b'"female"', DEEP), "not_json"),
    "objects, 990 deep": Case(DEEP, "not_json"),
    "arrays, 990 deep": Case(b"[" * 990 + b"]" * 990, "not_json"),
    "a person with 1,000 flat objects": Case(
        GOOD[:-1] + b', "a": [' + b", ".join([b"{}"] * 1000) + b"]}", row={"age": "34"}
    ),
    "1,000 flat objects and more": Case(b"[" + b", ".join([b"{}"] * 1000) + b"] x", "not_json"),
    "a name of 900 KB": Case(person("name.first", "x" * 900_000), "too_long", "900000"),
    "900 KB of nonsense": Case(b"x" * 900_000, "not_json"),
    "a person with 900 KB that nobody needs": Case(GOOD[:-1] + b', "a": "%s"}' % (b"x" * 900_000), row={"age": "34"}),
    "a number of 2,000 digits that nobody needs": Case(GOOD[:-1] + b', "a": %s}' % (b"9" * 2000), row={"age": "34"}),
    "a number beyond every float that nobody needs": Case(GOOD[:-1] + b', "a": 1e400}', row={"age": "34"}),
    "a key twice counts last": Case(GOOD[:-1] + b', "gender": "male"}', row={"gender": "male"}),
    "a key twice, deep inside": Case(GOOD.replace(b'"title"', b'"first": "Eva", "title"'), row={"name_first": "Ada"}),
    "a key twice, in the slow reading": Case(GOOD[:-1] + b', "a": 1e400, "gender": "male"}', row={"gender": "male"}),
    "a key twice, first with half a surrogate pair": Case(
        GOOD.replace(b'"title"', b'"first": "\\ud83d", "title"'), "unstorable_character", "half"
    ),
    "a key twice, in a field that nobody needs": Case(GOOD[:-1] + b', "a": {"b": 1, "b": 2}}', row={"age": "34"}),
}

LEAF_CASES: dict[str, Case] = {}
for leaf in LEAVES[:-1]:  # all but the domain of the e-mail
    takes_text, takes_numbers = str in leaf.types, int in leaf.types
    reason = "missing_field" if leaf.required else None
    LEAF_CASES[f"{leaf.path} missing"] = Case(person(leaf.path, without=True), reason, leaf.path if reason else "")
    reason = "null_field" if leaf.required else None
    LEAF_CASES[f"{leaf.path} null"] = Case(person(leaf.path, None), reason, leaf.path if reason else "")
    wrong: list[Any] = [True, False, 1.5, 12.0, -0.0, [], ["text"], {}, {"text": "text"}]
    wrong += [] if takes_numbers else [7, -7, 10**30, 1e300]
    wrong += [] if takes_text else ["7", "text", ""]
    for value in wrong:
        LEAF_CASES[f"{leaf.path} is {value!r}"] = Case(person(leaf.path, value), "wrong_type", leaf.path)
    for number in (b"1e400", b"-1e400"):  # beyond what a floating-point number can be
        value = person(leaf.path, "a number").replace(b'"a number"', number)
        LEAF_CASES[f"{leaf.path} is {number.decode()}"] = Case(value, "wrong_type", leaf.path)
    if leaf.longest and leaf.column != "email":
        longest = "ñ" * leaf.longest
        LEAF_CASES[f"{leaf.path} at its limit"] = Case(person(leaf.path, longest), row={leaf.column: longest})
        LEAF_CASES[f"{leaf.path} one over"] = Case(person(leaf.path, longest + "n"), "too_long", leaf.path)
        LEAF_CASES[f"{leaf.path} at its limit, with blanks around"] = Case(
            person(leaf.path, f"  {longest}\t\u2003"), row={leaf.column: longest}
        )
    if takes_text and leaf.column not in ("uuid", "email", "dob_date"):
        LEAF_CASES[f"{leaf.path} holds U+0000"] = Case(person(leaf.path, "a\0b"), "unstorable_character", leaf.path)
        for word in ("true", "12", "Infinity", "-1.5E3", "[1]", "{}", "null", "", "\\N", 'a\t"\\\n\re'):
            LEAF_CASES[f"{leaf.path} is the text {word!r}"] = Case(person(leaf.path, word), row={leaf.column: word})
    if not takes_text:
        for number in (2**31, -(2**31) - 1, 2**63, 10**30):
            LEAF_CASES[f"{leaf.path} is {number}"] = Case(person(leaf.path, number), "out_of_range", leaf.path)
        for number in (2**31 - 1, -(2**31), 0):
            LEAF_CASES[f"{leaf.path} is {number}"] = Case(person(leaf.path, number), row={leaf.column: str(number)})

FIELD_CASES = {
    "postcode as text": Case(person("location.postcode", " 3436 TI "), row={"postcode": "3436 TI"}),
    "postcode as a number": Case(person("location.postcode", 8261), row={"postcode": "8261"}),
    "postcode of 20 digits": Case(person("location.postcode", int("9" * 20)), row={"postcode": "9" * 20}),
    "postcode of 21 digits": Case(person("location.postcode", int("9" * 21)), "too_long"),
    "street is text": Case(person("location.street", "12 Calle Mayor"), "missing_field", "location.street.number"),
    "name is null": Case(person("name", None), "missing_field", "name.title"),
    "e-mail with blanks inside": Case(person("email", "ada n@example.com"), row={"email": "ada n@example.com"}),
    "e-mail in Persian": Case(person("email", "آوا@example.com"), row={"email": "آوا@example.com"}),
    "e-mail with two @": Case(person("email", "a@b@example.org"), row={"email_domain": "example.org"}),
    "e-mail without @": Case(person("email", "ada.example.com"), "invalid_email"),
    "e-mail without a domain": Case(person("email", "ada@"), "invalid_email"),
    "e-mail at its limit": Case(person("email", "a" * 88 + "@example.com"), row={"email_domain": "example.com"}),
    "e-mail one over": Case(person("email", "a" * 89 + "@example.com"), "too_long"),
    "domain at its limit": Case(person("email", "a@" + "d" * 50), row={"email_domain": "d" * 50}),
    "domain one over": Case(person("email", "a@" + "d" * 51), "too_long", "domain"),
    "uuid in capitals": Case(person("login.uuid", "9A700011-0E87-41F1-B1E4-ED1A15226B80"), row={"gender": "female"}),
    "uuid in braces": Case(person("login.uuid", "{9a700011-0e87-41f1-b1e4-ed1a15226b80}"), "invalid_uuid"),
    "uuid without hyphens": Case(person("login.uuid", "9a7000110e8741f1b1e4ed1a15226b80"), "invalid_uuid"),
    "uuid with a g": Case(person("login.uuid", "ga700011-0e87-41f1-b1e4-ed1a15226b80"), "invalid_uuid"),
    "uuid empty": Case(person("login.uuid", ""), "invalid_uuid"),
    "emoji": Case(person("name.first", "👩‍🚀"), row={"name_first": "👩‍🚀"}),
    "combining characters": Case(person("name.first", "e\u0301" * 25), row={"name_first": "e\u0301" * 25}),
    "a backslash, and the words of half a pair": Case(
        GOOD.replace(b"Ada", b"\\\\ud83d"), row={"name_first": "\\ud83d"}
    ),
    "escaped emoji": Case(GOOD.replace(b"Ada", b"\\ud83d\\ude80"), row={"name_first": "🚀"}),
    "half a surrogate pair": Case(GOOD.replace(b"Ada", b"A\\ud83dz"), "unstorable_character", "half"),
    "cut off inside a surrogate pair": Case(b'{"gender": "\\ud83d', "not_json"),
    "two halves with a line feed between": Case(
        GOOD.replace(b"Ada", b"\\ud83d\\n\\ude80"), "unstorable_character", "half"
    ),
    "half a pair in a key that nobody needs": Case(GOOD[:-1] + b', "\\ud83d": 1}', "unstorable_character", "half"),
    "half a pair, and no JSON behind it": Case(b'["\\ud83d" 1]', "not_json"),
    "U+0000 that nobody needs": Case(GOOD[:-1] + b', "a": "\\u0000"}', row={"age": "34"}),
    "the other half": Case(GOOD.replace(b"Ada", b"A\\uDE80z"), "unstorable_character", "half"),
    "a question mark": Case(person("name.first", "A?a"), row={"name_first": "A?a"}),
    "dob of another type": Case(person("dob", 12.5), "missing_field", "dob.date"),
    "uuid with white space around": Case(
        person("login.uuid", f"\t{PERSON['login']['uuid']}\u2003"), row={"gender": "female"}
    ),
    "no LEGO country": Case(person("location.country", without=True), row={"country": None}),
}

DATE_CASES = {
    "1992-03-18T17:36:00.197Z": "1992-03-18 17:36:00.197",
    "1992-03-18T17:36:00Z": "1992-03-18 17:36:00",
    "1992-03-18T17:36:00": "1992-03-18 17:36:00",
    "1992-03-18 17:36:00": "1992-03-18 17:36:00",
    "1992-03-18T17:36:00.123456Z": "1992-03-18 17:36:00.123456",
    "1992-03-18T17:36:00+05:30": "1992-03-18 12:06:00",
    "1992-01-01T00:30:00+01:00": "1991-12-31 23:30:00",
    "1992-02-29T00:00:00Z": "1992-02-29 00:00:00",
    "1992-03-18T17:36:00.123456789Z": "1992-03-18 17:36:00.123456",
    "1992-03-18T17:36:00.123456789+18:00": "1992-03-17 23:36:00.123456",
    "1992-03-18T17:36:00-18:00": "1992-03-19 11:36:00",
    " 1992-03-18T17:36:00Z ": "1992-03-18 17:36:00",
    "0001-01-01T00:00:00Z": "0001-01-01 00:00:00",
    "9999-12-31T23:59:59Z": "9999-12-31 23:59:59",
    701012160: "1992-03-19 13:36:00",
    -1: "1969-12-31 23:59:59",
    0: "1970-01-01 00:00:00",
    253402300799: "9999-12-31 23:59:59",
    -62135596800: "0001-01-01 00:00:00",
}
IMPOSSIBLE_DATES = [
    "1954-11-22T",
    "1992-03-18",
    "1991-02-29T00:00:00Z",
    "1992-13-01T00:00:00Z",
    "1992-03-18T24:01:00Z",
    "1992-03-18T17:60:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "10000-01-01T00:00:00Z",
    "18/03/1992",
    "yesterday",
    "now",
    "701012160",
    "",
    "19920318T173600Z",
    "1992-W12-3T17:36:00Z",
    "1992-03-18T17:36",
    "1992-03-18T17:36:00,5Z",
    "1992-03-18T17:36:00+0530",
    "1992-03-18T17:36:00+05:30:15",
    "1992-03-18T17:36:00+18:01",
    "1992-03-18T17:36:00+02:60",
    "1992-03-18T17:36:60Z",
    "1992-03-18T24:00:00Z",
    "١٩٩٢-03-18T17:36:00Z",
    2**40 * 1000,
    2**62,
    10**30,
    253402300800,
    -62135596801,
]
for written, utc in DATE_CASES.items():
    FIELD_CASES[f"dob.date is {written!r}"] = Case(person("dob.date", written), row={"dob_date": utc})
    FIELD_CASES[f"dob is {written!r}"] = Case(person("dob", written), row={"dob_date": utc, "age": None})
for written in IMPOSSIBLE_DATES:
    FIELD_CASES[f"dob.date is {written!r}"] = Case(person("dob.date", written), "invalid_date", "dob.date")
    FIELD_CASES[f"dob is {written!r}"] = Case(person("dob", written), "invalid_date", "dob.date")

CASES = WHOLE_RECORDS | LEAF_CASES | FIELD_CASES
