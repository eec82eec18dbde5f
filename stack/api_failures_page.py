"""The page `docs/api-failures.md`: what the client says of each failure, heard from it as the failure happens.

The embedded API fails in each of its ways, and bare sockets in those that no HTTP server would.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from pipeline_defs.random_user import RandomUserApi, RandomUserError
from pipeline_defs.settings import Settings
from stack.embedded_api.app import create_app
from stack.embedded_api.faults import Fault, Kind, Switches
from stack.embedded_api.serving import serving

_PEOPLE = Settings.model_fields["people_per_tick"].default
# A slow machine must not make one failure look like another.
_PATIENCE, _HURRY = 30.0, 0.3
_ENDLESS_WAITS = frozenset({Kind.SLOW, Kind.DRIPPING})
_REAL = "https://randomuser.me/api/1.4/"
_IN_PLACE_OF = {
    r"127\.0\.0\.1:\d{2,}": "127.0.0.1:8090",
    r"within \d+\.\d seconds": "within 5.0 seconds",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "9a723211-0e87-41f1-b1e4-ed1a15226b80",
}
"""What differs from run to run."""

_INTRODUCTION = """# When the RandomUser API fails

`make docs` writes this page: the embedded API fails in each of these ways, and what the client said of it stands here.

A tick that gets no people sends no record. Its run fails with one of these sentences, which also stands in `detail` of
the slot's row in `slots`. What may pass is asked again, four times in all, after pauses of about 0.5, 1 and 2 s with
jitter, and never beyond 12 s in all, or half a cadence where that is shorter. What may not pass fails at once, and the
next slot asks again. Addresses, times and uuids below are examples; the words are what you read.

`curl -X PUT -d '{"kind": "html", "times": 3}' http://127.0.0.1:8090/faults` makes the embedded API fail so; the kind
stands in the table. `-X DELETE` ends it. In brackets is what the network or the answer said.

| what happens | kind | asked again | what you read |
| --- | --- | --- | --- |
"""

_REFUSED = """
A certificate that can't be verified is an error of its own, and not asked for again. What can't be asked is refused
before anything starts, after the words `The environment has settings that can't be used.`:

| set | what you read |
| --- | --- |
"""

_WHAT_HAPPENS = {
    Kind.TOO_MANY_REQUESTS: "429: the limit of people per address is used up",
    Kind.BAD_GATEWAY: "502",
    Kind.UNAVAILABLE: "503",
    Kind.GATEWAY_TIMEOUT: "504",
    Kind.FEWER: "fewer people than asked for",
    Kind.CUT_OFF: "the connection ends in the middle of the answer",
    Kind.CUT_OFF_JSON: "the JSON ends in the middle",
    Kind.SLOW: "no answer in time",
    Kind.DRIPPING: "the answer comes byte by byte, and never ends",
    Kind.FORBIDDEN: "403: cloud hosts get it",
    Kind.NOT_FOUND: "404, or any other status",
    Kind.ERROR_OBJECT: "the API's error object, with status 200",
    Kind.HTML: "an HTML page",
    Kind.HTML_AS_JSON: "an HTML page that calls itself JSON",
    Kind.EMPTY: "an empty `results` beside a healthy `info`",
    Kind.WRONG_SHAPE: "`results` is no list",
    Kind.MISSING_FIELD: "a person without a field that `users` needs",
    Kind.MISSING_UUID: "a person without a uuid",
    Kind.DOUBLED_UUID: "two people with one uuid",
    Kind.ENDLESS: "an answer without end",
    Kind.REDIRECT_ELSEWHERE: "a redirect to another host",
    Kind.REDIRECT_HERE: "a redirect in circles",
}

_HTTP = "HTTP/1.1 200 OK\r\nContent-Type: {0}\r\nContent-Length: {1}\r\n\r\n{2}"
_BY_SOCKETS = {
    "the server hangs up without an answer": "",
    "something that is not HTTP": "220 mail.example.com ESMTP\r\n",
    "an empty answer": _HTTP.format("application/json", 0, ""),
    "a JSON text that is no object": _HTTP.format("application/json", 2, "[]"),
    "a redirect to another port": "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
}

_IMPOSSIBLE: dict[str, Callable[[], object]] = {
    "RANDOM_USER_NATIONALITIES=CH,XX": lambda: RandomUserApi(_REAL, nationalities=("CH", "XX")),
    "RANDOM_USER_EXCLUDE=login": lambda: RandomUserApi(_REAL, exclude=("login",)),
    "RANDOM_USER_INCLUDE=name,shoe": lambda: RandomUserApi(_REAL, include=("name", "shoe")),
    "RANDOM_USER_API_URL=http:///api/": lambda: RandomUserApi("http:///api/"),
    "RANDOM_USER_API_URL=https://randomuser.me/api/?seed=abc": lambda: RandomUserApi(
        "https://randomuser.me/api/?seed=abc"
    ),
    "RANDOM_USER_API_URL=https://ana@randomuser.me/api/": lambda: RandomUserApi("https://ana@randomuser.me/api/"),
}


def render() -> str:
    """Give the page. Takes some seconds, since the failures happen."""
    impossible = (f"| `{what}` | {_said(call)[0]} |\n" for what, call in _IMPOSSIBLE.items())
    return "".join((_INTRODUCTION, *_failures(), _REFUSED, *impossible))


def _failures() -> Iterator[str]:
    yield _row("nobody listens", "", _closed)
    for what, answer in _BY_SOCKETS.items():
        with _answering(answer.encode()) as url:
            yield _row(what, "", partial(_fetch, url))
    switches = Switches()
    with serving(create_app(switches)) as address:
        for kind, what in _WHAT_HAPPENS.items():
            waits = kind in _ENDLESS_WAITS
            switches.on[:] = [Fault(kind, latency_ms=60_000 if waits else 0)]
            url, patience = f"{address}/api/1.4/", _HURRY if waits else _PATIENCE
            yield _row(what, f"`{kind}`", partial(_fetch, url, patience))


def _fetch(url: str, read_seconds: float = _PATIENCE) -> None:
    """Ask as the pipeline does, but without a pause in between."""
    api = RandomUserApi(url, connect_seconds=_PATIENCE, read_seconds=read_seconds, sleep=lambda _: None)
    api.fetch(_PEOPLE, deadline_seconds=10 * _PATIENCE)


def _closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _fetch(f"http://127.0.0.1:{port}/api/1.4/")


def _row(what: str, kind: str, call: Callable[[], object]) -> str:
    said, again = _said(call)
    return f"| {what} | {kind} | {'yes' if again else 'no'} | {said} |\n"


def _said(call: Callable[[], object]) -> tuple[str, bool]:
    """Give what an error says, as it would say it anywhere, and whether the client asks again."""
    try:
        call()
    except RandomUserError as error:
        said = str(error)
        for pattern, always in _IN_PLACE_OF.items():
            said = re.sub(pattern, always, said)
        return said.replace("|", "\\|"), error.may_pass
    raise AssertionError("nothing failed")


@contextmanager
def _answering(answer: bytes) -> Iterator[str]:
    """Give the address of a server that says one thing to everybody and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_all() -> None:
            while True:
                connection, _ = listening.accept()
                with connection:
                    if not connection.recv(65536):
                        return
                    connection.sendall(answer)

        thread = threading.Thread(target=answer_all)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/1.4/"
        finally:
            socket.create_connection(listening.getsockname()).close()  # who says nothing ends it
            thread.join()
