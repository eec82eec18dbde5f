"""Every way in which the RandomUser API can fail to give the people asked for, and the sentence its user reads.

Each error says what happened, where, and what to do. `may_pass` tells a caller whether to ask again.
"""

from typing import ClassVar


class RandomUserError(Exception):
    """The people asked for did not come.

    Attributes:
        may_pass: whether asking again may help.
        attempts: how many times the API was asked before giving up; 0 when it was not asked at all.
    """

    may_pass: ClassVar[bool] = False
    sentence: ClassVar[str] = "The RandomUser API at {url} gave no people."

    def __init__(self, **facts: object) -> None:
        super().__init__(self.sentence.format(**facts))
        self.attempts = 0

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said} It was asked {self.attempts} times." if self.attempts > 1 else said


# What may pass.


class UnreachableError(RandomUserError):
    """No connection: the name is unknown, the port closed, the network away."""

    may_pass = True
    sentence = (
        "The RandomUser API at {url} cannot be reached ({reason}). "
        "Check the network, or set RANDOM_USER_API_URL to another server of the same API."
    )


class TimedOutError(RandomUserError):
    """The connection, the answer or the whole request took longer than its limit."""

    may_pass = True
    sentence = (
        "The RandomUser API at {url} did not answer completely within {seconds:.1f} seconds. "
        "If this goes on, check the network, or set RANDOM_USER_API_URL to another server of the same API."
    )


class CutOffError(RandomUserError):
    """The answer ended before it was complete."""

    may_pass = True
    sentence = (
        "The answer of the RandomUser API at {url} was cut off ({reason}). "
        "If this goes on, look for a proxy between here and there that cuts connections."
    )


class TooManyRequestsError(RandomUserError):
    """Status 429: the limit of people per address is used up."""

    may_pass = True
    sentence = (
        "The RandomUser API at {url} answered 429: this address has asked for too many people "
        "(it allows about 20,000 in 5 minutes). Wait five minutes, or lower PEOPLE_PER_TICK."
    )


class ServerFailedError(RandomUserError):
    """Status 5xx: the server or something in front of it is in trouble."""

    may_pass = True
    sentence = (
        "The RandomUser API at {url} answered {status}, so the fault is on its side. "
        "The next tick asks again; if it goes on, set RANDOM_USER_API_URL to another server of the same API."
    )


class TooFewPeopleError(RandomUserError):
    """Fewer people than asked for; none of them is used."""

    may_pass = True
    sentence = (
        "The RandomUser API at {url} gave {given} people where {count} were asked for, so none was used. "
        "The next tick asks again; if it goes on, lower PEOPLE_PER_TICK."
    )


# What may not.


class ForbiddenError(RandomUserError):
    """Status 403: this machine is refused."""

    sentence = (
        "The RandomUser API at {url} answered 403: it refuses this machine, as it does with many cloud hosts. "
        "Run from another network, or set RANDOM_USER_API_URL to another server of the same API."
    )


class UnexpectedStatusError(RandomUserError):
    """A status that the API does not use for people, such as 404."""

    sentence = (
        "The RandomUser API at {url} answered {status} where 200 was expected. "
        "Check the path in RANDOM_USER_API_URL; the real one is https://randomuser.me/api/1.4/."
    )


class RedirectRefusedError(RandomUserError):
    """A redirect to another host, away from https, without a target, or one too many."""

    sentence = (
        "The RandomUser API at {url} redirects to {target}, which is not followed ({reason}). "
        "If that server is right, set RANDOM_USER_API_URL to it."
    )


class CertificateError(RandomUserError):
    """The server's certificate cannot be verified."""

    sentence = (
        "The certificate of the RandomUser API at {url} cannot be verified ({reason}). "
        "Check this machine's clock and certificates, and whether a proxy reads along."
    )


class TooLargeError(RandomUserError):
    """The answer is larger than any answer for this many people can be."""

    sentence = (
        "The RandomUser API at {url} sent more than {limit:,} bytes, more than people need, so reading stopped. "
        "Check that RANDOM_USER_API_URL names a server of the RandomUser API."
    )


class NotJsonError(RandomUserError):
    """An HTML page, or anything else that is not JSON."""

    sentence = (
        "The RandomUser API at {url} answered with something other than JSON ({reason}), beginning with {beginning!r}. "
        "Open the address in a browser: it may be a maintenance page or a network's log-in page."
    )


class ApiSaysError(RandomUserError):
    """The API's own error object, such as `{"error": "Uh oh, something has gone wrong. …"}`."""

    sentence = (
        "The RandomUser API at {url} answered with an error of its own: {said!r}. "
        "The next tick asks again; if it goes on, set RANDOM_USER_API_URL to another server of the same API."
    )


class NoPeopleError(RandomUserError):
    """An empty list of results, whatever `info` beside it says."""

    sentence = (
        "The RandomUser API at {url} gave an empty list where {count} people were asked for. "
        "The next tick asks again; if it goes on, set RANDOM_USER_API_URL to another server of the same API."
    )


class WrongShapeError(RandomUserError):
    """JSON, but not what version 1.4 of the API gives."""

    sentence = (
        "The RandomUser API at {url} gave JSON of the wrong shape: {reason}. "
        "Check that RANDOM_USER_API_URL names version 1.4 of the API, as https://randomuser.me/api/1.4/ does."
    )


class MissingUuidError(RandomUserError):
    """A person without a usable `login.uuid`, which is what identifies people."""

    sentence = (
        "The RandomUser API at {url} gave a person (number {number}) without a valid `login.uuid` ({given}). "
        "Nobody can be identified without it, so none was used; check that the server is of version 1.4."
    )


class DoubledUuidError(RandomUserError):
    """Two people with one `login.uuid` in one answer."""

    sentence = (
        "The RandomUser API at {url} gave the `login.uuid` {uuid} to two people in one answer, so none was used. "
        "Servers do that when they are sent a seed: check what RANDOM_USER_API_URL passes through."
    )


class InvalidRequestError(RandomUserError):
    """What was asked for is impossible; found before anything is sent."""

    sentence = "The RandomUser API at {url} cannot be asked for this: {reason}."
