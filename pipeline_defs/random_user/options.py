"""What the RandomUser API may be asked for, checked before anything is sent.

The API forgives everything in silence: one unknown nationality and it gives people of all, one excluded field and the
table gets NULLs. So nothing doubtful is sent.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from pipeline_defs.random_user.errors import InvalidRequestError
from pipeline_defs.random_user.response import NEEDED_FIELDS

NATIONALITIES = (
    "AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IR", "MX",
    "NL", "NO", "NZ", "RS", "TR", "UA", "US",
)  # fmt: skip
"""The nationalities of version 1.4."""

FIELDS = (*NEEDED_FIELDS, "registered", "id", "nat")
"""The fields of a person in version 1.4."""


def checked_url(url: str) -> str:
    """Give the address back if it is one that can be asked.

    Raises:
        InvalidRequestError: not http or https, no host, or with a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        reason = "RANDOM_USER_API_URL must be an http or https address, such as https://randomuser.me/api/1.4/"
        raise InvalidRequestError(url=url, reason=reason)
    if parts.username is not None or parts.password is not None:
        # The address is written into every record's headers.
        reason = "RANDOM_USER_API_URL must not hold a user or a password"
        raise InvalidRequestError(url=f"{parts.scheme}://{parts.hostname}", reason=reason)
    if parts.query or parts.fragment:
        reason = (
            "RANDOM_USER_API_URL must end with its path; nationalities and fields are options, a seed is never sent"
        )
        raise InvalidRequestError(url=url, reason=reason)
    return url


def checked_parameters(
    url: str, nationalities: Iterable[str], include: Iterable[str], exclude: Iterable[str]
) -> dict[str, str]:
    """Give the query parameters for these options.

    Raises:
        InvalidRequestError: an unknown nationality or field, or a field missing that `users` needs.
    """
    chosen = [code.strip().upper() for code in nationalities]
    _refuse_unknown(url, "nationality in RANDOM_USER_NATIONALITIES", chosen, NATIONALITIES)
    included = [name.strip().lower() for name in include]
    excluded = [name.strip().lower() for name in exclude]
    _refuse_unknown(url, "field in RANDOM_USER_INCLUDE", included, FIELDS)
    _refuse_unknown(url, "field in RANDOM_USER_EXCLUDE", excluded, FIELDS)
    asked = set(included or FIELDS) - set(excluded)
    missing = [name for name in NEEDED_FIELDS if name not in asked]
    if missing:
        reason = (
            f"the table `users` needs the fields {', '.join(missing)}, "
            "so RANDOM_USER_INCLUDE and RANDOM_USER_EXCLUDE can't leave them out"
        )
        raise InvalidRequestError(url=url, reason=reason)
    lists = {"nat": chosen, "inc": included, "exc": excluded}
    return {name: ",".join(dict.fromkeys(values)) for name, values in lists.items() if values}


def _refuse_unknown(url: str, what: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    unknown = [value for value in given if value not in known]
    if unknown:
        reason = f"unknown {what}: {', '.join(map(repr, unknown))}; allowed are {', '.join(known)}"
        raise InvalidRequestError(url=url, reason=reason)
