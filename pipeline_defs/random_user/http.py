"""One request of the RandomUser API with limits on everything: time, size, redirects. It gives the body or an error."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from pipeline_defs.random_user.errors import (
    CertificateError,
    CutOffError,
    ForbiddenError,
    RedirectRefusedError,
    ServerFailedError,
    TimedOutError,
    TooLargeError,
    TooManyRequestsError,
    UnexpectedStatusError,
    UnreachableError,
)
from pipeline_defs.random_user.time_limit import within

_MOST_REDIRECTS = 3
_PIECE = 64 * 1024
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Attributes:
        connect_seconds: for opening the connection.
        read_seconds: for each wait for the next bytes.
        time_up: when all of it must be over, on `clock`.
        largest_body: bytes after which reading stops.
        clock: seconds on a clock that only goes forward.
    """

    connect_seconds: float
    read_seconds: float
    time_up: float
    largest_body: int
    clock: Callable[[], float]


@dataclass(frozen=True)
class Response:
    """The headers and the whole body of an answer with status 200."""

    headers: Mapping[str, str]
    body: bytes


def new_session(url: str) -> requests.Session:
    """Give a session for an address. It uses the proxies of the environment, except for this machine's own loopback."""
    session = requests.Session()
    session.headers["User-Agent"] = "random-user-pipeline"
    session.trust_env = not _is_loopback(url)
    return session


def get(session: requests.Session, url: str, parameters: Mapping[str, str], limits: Limits) -> Response:
    """Send one GET request and read its answer.

    Raises:
        RandomUserError: no complete answer with status 200 within the limits.
    """
    started = limits.clock()

    def exchange() -> Response:
        with _failures_named(url, started, limits), _opened(session, url, parameters, limits) as response:
            _check_status(url, response.status_code)
            return Response(response.headers, _body(url, response, started, limits))

    try:
        return within(limits.time_up - started, exchange)
    except TimeoutError:
        raise TimedOutError(url=url, seconds=limits.clock() - started) from None


def _opened(session: requests.Session, url: str, parameters: Mapping[str, str], limits: Limits) -> requests.Response:
    """Send the request; follow redirects as long as they stay with the server. The body is not read yet."""
    response = _sent(session, url, parameters, limits)
    here = url
    for hop in range(1, _MOST_REDIRECTS + 2):
        if not response.is_redirect:
            break
        response.close()
        target = urljoin(here, response.headers["Location"])
        reason = why_not_follow(here, target) or ("too many redirects" if hop > _MOST_REDIRECTS else "")
        if reason:
            raise RedirectRefusedError(url=url, target=target, reason=reason)
        here = target
        response = _sent(session, here, {}, limits)
    return response


def _sent(session: requests.Session, url: str, parameters: Mapping[str, str], limits: Limits) -> requests.Response:
    remaining = max(limits.time_up - limits.clock(), 0.001)
    timeout = (min(limits.connect_seconds, remaining), min(limits.read_seconds, remaining))
    return session.get(url, params=parameters, timeout=timeout, stream=True, allow_redirects=False)


def _check_status(url: str, status: int) -> None:
    if status == requests.codes.forbidden:
        raise ForbiddenError(url=url)
    if status == requests.codes.too_many_requests:
        raise TooManyRequestsError(url=url)
    if status >= requests.codes.internal_server_error:
        raise ServerFailedError(url=url, status=status)
    if status != requests.codes.ok:
        raise UnexpectedStatusError(url=url, status=status)


def _body(url: str, response: requests.Response, started: float, limits: Limits) -> bytes:
    """Read the body piece by piece, so that neither its size nor its slowness is without limit."""
    body = bytearray()
    while piece := response.raw.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > limits.largest_body:
            raise TooLargeError(url=url, limit=limits.largest_body)
        if limits.clock() >= limits.time_up:
            raise TimedOutError(url=url, seconds=limits.clock() - started)
    return bytes(body)


@contextmanager
def _failures_named(url: str, started: float, limits: Limits) -> Iterator[None]:
    """Turn what the network libraries raise into the pipeline's own errors."""
    try:
        yield
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise TimedOutError(url=url, seconds=limits.clock() - started) from None
    except requests.exceptions.SSLError as error:
        raise CertificateError(url=url, reason=_innermost(error)) from None
    except requests.RequestException as error:
        raise UnreachableError(url=url, reason=_innermost(error)) from None
    except urllib3.exceptions.HTTPError as error:
        raise CutOffError(url=url, reason=_innermost(error)) from None


def why_not_follow(url: str, target: str) -> str:
    """Give the reason why a redirect is not followed; empty if it may be."""
    here, there = urlsplit(url), urlsplit(target)
    if there.hostname != here.hostname:
        return "it is another host"
    if here.scheme == "https" and there.scheme != "https":
        return "it leaves https"
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.port is None and there.port is None
    return "" if upgraded or (here.scheme, here.port) == (there.scheme, there.port) else "it is another port"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _innermost(error: BaseException) -> str:
    """Give the first cause of an error in its own words, since the libraries wrap it several times."""
    if isinstance(error, IncompleteRead):
        return "the connection ended before all of it had come"
    if isinstance(error, BadStatusLine):
        return "it hung up without an answer" if isinstance(error, RemoteDisconnected) else "its answer is not HTTP"
    inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
    if isinstance(inner, BaseException):
        return _innermost(inner)
    words = str(getattr(error, "strerror", None) or error).rpartition(": ")[2]
    return _ERROR_NUMBER.sub("", words) or type(error).__name__
