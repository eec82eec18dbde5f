"""Why a record is rejected: the codes of `rejected_records.reason`. docs/rejected-records.md shows the same list."""

from typing import NamedTuple


class Rejection(NamedTuple):
    """Why a record can't be a row: one of REASONS, and a sentence about this record."""

    reason: str
    detail: str


REASONS = {
    "tombstone": "the record has no value",
    "empty": "the value is empty or blank",
    "invalid_utf8": "the value is not UTF-8",
    "not_json": "not JSON, cut off, followed by something else, or nested deeper than 100",
    "not_an_object": "JSON, but an array, a string, a number, a boolean or null",
    "api_error": "the API's error object",
    "missing_field": "a field that `users` needs is not there",
    "null_field": "it is null",
    "wrong_type": "it has another type than the API gives it",
    "too_long": "its text is longer than the column",
    "out_of_range": "its number does not fit an INT",
    "unstorable_character": "it holds U+0000 or half a surrogate pair, which PostgreSQL can't store",
    "invalid_uuid": "`login.uuid` is not written as 8-4-4-4-12 hexadecimal digits",
    "invalid_email": "`email` has no domain after an @",
    "invalid_date": "`dob.date` is no date and time that exists",
    "uuid_conflict": "the uuid is in `users` with another e-mail",
    "refused_by_database": "a constraint of `users` refused the row; the detail quotes it",
    "unprocessable": "larger than 32 MiB, or it ended the task that read it; the first megabyte is kept",
}
