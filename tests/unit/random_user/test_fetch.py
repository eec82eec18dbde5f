"""The client against the embedded API in all its moods, over HTTP on loopback."""

import json
import re
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count as counted
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send

from pipeline_defs.random_user import RandomUserApi, errors
from pipeline_defs.random_user.http import why_not_follow
from stack.embedded_api.app import create_app
from stack.embedded_api.faults import Fault, Kind
from tests.unit.embedded_api.serving import Served, serve

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLENTY = 60.0


class Case(NamedTuple):
    """A kind of fault, the error it becomes, and a piece of what the user reads."""

    kind: str
    error: type[errors.RandomUserError]
    said: str


class Pauses(list[float]):
    """A `sleep` that only takes notes."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def client(api: Served, pauses: Pauses) -> RandomUserApi:
    return RandomUserApi(
        api.url,
        read_seconds=30,
        largest_body=8 * 1024 * 1024,
        sleep=pauses,
        now=lambda: NOW,
        jitter=lambda _, most: most,
    )


def test_people_come_as_asked(client: RandomUserApi, api: Served, pauses: Pauses):
    fetched = client.fetch(10, deadline_seconds=PLENTY)
    assert len({person.uuid for person in fetched.people}) == 10
    for person in fetched.people:
        given = json.loads(person.raw)
        assert given["login"]["uuid"] == person.uuid
        assert person.name == f"{given['name']['first']} {given['name']['last']}".strip()
        assert person.country == given["location"]["country"]
    assert fetched.source == api.url
    assert fetched.made_up_here
    assert fetched.fetched_at == NOW
    assert fetched.latency_seconds > 0
    assert fetched.attempts == 1
    assert pauses == []


def test_one_request_asks_for_all_and_never_sends_a_seed(client: RandomUserApi, api: Served):
    client.fetch(10, deadline_seconds=PLENTY)
    assert api.queries == ["results=10"]


def test_options_are_sent(client: RandomUserApi, api: Served):
    fetched = replace(client, nationalities=("ch", "FR"), exclude=("registered",)).fetch(30, deadline_seconds=PLENTY)
    assert {person.country for person in fetched.people} == {"Switzerland", "France"}
    assert all("registered" not in json.loads(person.raw) for person in fetched.people)
    assert parse_qs(api.queries[0]) == {"results": ["30"], "nat": ["CH,FR"], "exc": ["registered"]}


def test_the_most_people_come_in_one_request(client: RandomUserApi, api: Served):
    assert len(client.fetch(5000, deadline_seconds=PLENTY).people) == 5000
    assert len(api.queries) == 1


MAY_PASS = [
    Case("too_many_requests", errors.TooManyRequestsError, "answered 429: this address has asked for too many people"),
    Case("bad_gateway", errors.ServerFailedError, "answered 502, so the fault is on its side"),
    Case("unavailable", errors.ServerFailedError, "answered 503, so the fault is on its side"),
    Case("gateway_timeout", errors.ServerFailedError, "answered 504, so the fault is on its side"),
    Case("fewer", errors.TooFewPeopleError, "gave 2 people where 3 were asked for, so none was used"),
    Case("cut_off", errors.CutOffError, "was cut off (the connection ended before all"),
    Case("cut_off_json", errors.CutOffError, "was cut off (its JSON ends in the middle)"),
]
MAY_NOT = [
    Case("forbidden", errors.ForbiddenError, "answered 403: it refuses this machine"),
    Case("not_found", errors.UnexpectedStatusError, "answered 404 where 200 was expected"),
    Case("error_object", errors.ApiSaysError, "answered with an error of its own: 'Uh oh, something has gone wrong."),
    Case("html", errors.NotJsonError, "(content type text/html), beginning with '<!DOCTYPE html>"),
    Case("html_as_json", errors.NotJsonError, "beginning with '<!DOCTYPE html>"),
    Case("empty", errors.NoPeopleError, "gave an empty list where 3 people were asked for"),
    Case("wrong_shape", errors.WrongShapeError, "`results` is a JSON object"),
    Case("missing_field", errors.WrongShapeError, "`location` of person 3 is missing"),
    Case("missing_uuid", errors.MissingUuidError, "gave a person (number 3) without a valid `login.uuid`"),
    Case("doubled_uuid", errors.DoubledUuidError, "to two people in one answer"),
    Case("endless", errors.TooLargeError, "sent more than 8,388,608 bytes"),
    Case(
        "redirect_elsewhere", errors.RedirectRefusedError, "redirects to http://another-host.invalid/api/, which is not"
    ),
    Case("redirect_here", errors.RedirectRefusedError, "which is not followed (too many redirects)"),
]


@pytest.mark.parametrize("case", MAY_PASS, ids=lambda case: case.kind)
def test_what_may_pass_is_asked_again_so_often_and_no_more(
    case: Case, client: RandomUserApi, api: Served, pauses: Pauses
):
    api.fail(case.kind)
    with pytest.raises(errors.RandomUserError, match=re.escape(case.said)) as raised:
        client.fetch(3, deadline_seconds=PLENTY)
    assert type(raised.value) is case.error
    assert str(raised.value).startswith(("The RandomUser API at ", "The answer of the RandomUser API at "))
    assert str(raised.value).endswith("It was asked 4 times.")
    assert len(api.queries) == 4
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("kind", [case.kind for case in MAY_PASS])
def test_what_passes_is_forgotten(kind: str, client: RandomUserApi, api: Served):
    api.fail(kind, times=2)
    fetched = client.fetch(3, deadline_seconds=PLENTY)
    assert len(fetched.people) == 3
    assert fetched.attempts == 3


@pytest.mark.parametrize("case", MAY_NOT, ids=lambda case: case.kind)
def test_what_may_not_pass_fails_at_once(case: Case, client: RandomUserApi, api: Served, pauses: Pauses):
    api.fail(case.kind)
    with pytest.raises(errors.RandomUserError, match=re.escape(case.said)) as raised:
        client.fetch(3, deadline_seconds=PLENTY)
    assert type(raised.value) is case.error
    assert api.url in str(raised.value)
    assert pauses == []
    assert raised.value.attempts == 1


def test_every_kind_of_fault_is_tried():
    elsewhere = {"slow", "dripping"}
    assert {case.kind for case in MAY_PASS + MAY_NOT} | elsewhere == set(Kind)


def test_a_different_failure_may_follow_the_first(client: RandomUserApi, api: Served):
    api.switches.on[:] = [Fault(Kind.UNAVAILABLE, times=1), Fault(Kind.FORBIDDEN)]
    with pytest.raises(errors.ForbiddenError, match="asked 2 times"):
        client.fetch(3, deadline_seconds=PLENTY)


def test_a_redirect_that_stays_with_the_server_is_followed(client: RandomUserApi, api: Served):
    api.fail("redirect_here", times=2)
    assert len(client.fetch(3, deadline_seconds=PLENTY).people) == 3
    assert api.queries == ["results=3"] * 3


@pytest.mark.parametrize(
    ("url", "target", "reason"),
    [
        ("https://randomuser.me/api", "https://randomuser.me/api/", ""),
        ("http://randomuser.me/api/", "https://randomuser.me/api/", ""),
        ("http://127.0.0.1:8090/api", "http://127.0.0.1:8090/api/", ""),
        ("https://randomuser.me/api/", "https://evil.example/api/", "it is another host"),
        ("https://randomuser.me/api/", "https://randomuser.me.evil.example/", "it is another host"),
        ("https://randomuser.me/api/", "file:///etc/passwd", "it is another host"),
        ("https://randomuser.me/api/", "http://randomuser.me/api/", "it leaves https"),
        ("http://127.0.0.1:8090/api/", "http://127.0.0.1:9090/api/", "it is another port"),
        ("http://randomuser.me/api/", "https://randomuser.me:8443/api/", "it is another port"),
    ],
)
def test_which_redirects_are_followed(url: str, target: str, reason: str):
    assert why_not_follow(url, target) == reason


def test_no_pause_passes_the_deadline(client: RandomUserApi, api: Served, pauses: Pauses):
    api.fail("unavailable")
    clock = counted()  # a second passes at each look
    with pytest.raises(errors.ServerFailedError):
        replace(client, clock=lambda: float(next(clock)), jitter=lambda _, __: 20.0).fetch(3, deadline_seconds=12)
    assert pauses == []
    assert len(api.queries) == 1


def test_a_slow_server_is_given_up(client: RandomUserApi, api: Served):
    api.fail("slow", latency_ms=60_000)
    with pytest.raises(errors.TimedOutError, match=r"did not answer completely within \d+\.\d seconds"):
        replace(client, read_seconds=0.05, most_attempts=1).fetch(3, deadline_seconds=PLENTY)


def test_the_deadline_also_limits_the_wait_for_the_first_byte(client: RandomUserApi, api: Served):
    api.fail("slow", latency_ms=60_000)
    with pytest.raises(errors.TimedOutError):
        client.fetch(3, deadline_seconds=0.05)


def test_a_slow_server_is_asked_again(client: RandomUserApi, api: Served):
    api.fail("slow", times=1, latency_ms=60_000)
    patient = replace(client, read_seconds=0.3, most_attempts=100)
    assert patient.fetch(3, deadline_seconds=600).attempts >= 2


def test_a_body_that_drips_for_ever_is_given_up(client: RandomUserApi, api: Served):
    api.fail("dripping", latency_ms=1)
    with pytest.raises(errors.TimedOutError):
        client.fetch(3, deadline_seconds=0.3)


def test_the_deadline_holds_for_headers_that_drip(pauses: Pauses):
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/1.4/"

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.01):
                    connection.send(b"H")

        server = threading.Thread(target=drip)
        server.start()
        try:
            with pytest.raises(errors.TimedOutError):
                RandomUserApi(url, read_seconds=30, sleep=pauses).fetch(3, deadline_seconds=0.3)
        finally:
            over.set()
            server.join(timeout=30)


def test_the_deadline_holds_for_a_name_that_is_looked_up_for_ever(
    client: RandomUserApi, monkeypatch: pytest.MonkeyPatch
):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60))
    try:
        with pytest.raises(errors.TimedOutError):
            replace(client, url="http://randomuser.invalid/").fetch(3, deadline_seconds=0.3)
    finally:
        over.set()


def test_the_deadline_holds_however_fast_the_bytes_come(client: RandomUserApi, api: Served):
    api.fail("endless")
    clock = counted()  # a second passes at each look
    with pytest.raises(errors.TimedOutError):
        replace(client, clock=lambda: float(next(clock))).fetch(3, deadline_seconds=20)


def test_a_closed_port_is_named(pauses: Pauses):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api/1.4/"
    with pytest.raises(errors.UnreachableError) as raised:
        RandomUserApi(url, sleep=pauses, jitter=lambda _, most: most).fetch(3, deadline_seconds=PLENTY)
    assert str(raised.value) == (
        f"The RandomUser API at {url} cannot be reached (Connection refused). Check the network, or set "
        "RANDOM_USER_API_URL to another server of the same API. It was asked 4 times."
    )
    assert pauses == [0.5, 1.0, 2.0]


def test_a_server_that_hangs_up_may_pass(pauses: Pauses):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/1.4/"

        def hang_up_twice() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)

        server = threading.Thread(target=hang_up_twice)
        server.start()
        with pytest.raises(errors.UnreachableError, match=r"hung up without an answer.*asked 2 times"):
            RandomUserApi(url, most_attempts=2, read_seconds=30, sleep=pauses).fetch(3, deadline_seconds=PLENTY)
        server.join(timeout=30)
    assert len(pauses) == 1


def test_a_server_of_something_else_is_not_quoted(pauses: Pauses):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/1.4/"

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        server = threading.Thread(target=greet)
        server.start()
        with pytest.raises(errors.UnreachableError, match=r"cannot be reached \(its answer is not HTTP\)"):
            RandomUserApi(url, most_attempts=1, read_seconds=30, sleep=pauses).fetch(3, deadline_seconds=PLENTY)
        server.join(timeout=30)


def test_no_certificate_is_trusted_blindly(api: Served, pauses: Pauses):
    url = api.url.replace("http://", "https://")
    with pytest.raises(errors.CertificateError, match="cannot be verified"):
        RandomUserApi(url, sleep=pauses).fetch(3, deadline_seconds=PLENTY)
    assert pauses == []


def test_a_proxy_of_the_environment_is_not_used_for_loopback(client: RandomUserApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert len(client.fetch(3, deadline_seconds=PLENTY).people) == 3


def test_a_compressed_answer_is_read(pauses: Pauses):
    with serve(GZipMiddleware(create_app(), minimum_size=1)) as compressing:
        fetched = RandomUserApi(compressing.url, sleep=pauses).fetch(50, deadline_seconds=PLENTY)
    assert len(fetched.people) == 50


def test_people_of_another_server_are_not_called_made_up(pauses: Pauses):
    embedded = create_app()

    async def without_its_name(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            kept = [(name, value) for name, value in message.get("headers", ()) if name != b"x-random-user-source"]
            await send({**message, "headers": kept} if "headers" in message else message)

        await embedded(scope, receive, send_on)

    with serve(without_its_name) as other:
        assert not RandomUserApi(other.url, sleep=pauses).fetch(1, deadline_seconds=PLENTY).made_up_here


def test_nothing_is_sent_before_fetch(api: Served):
    RandomUserApi(api.url, nationalities=("CH",))
    assert api.queries == []


def test_the_pause_is_spread_out():
    client = RandomUserApi("http://127.0.0.1:9/")
    jittered = {client.jitter(0.5, 1.0) for _ in range(20)}
    assert len(jittered) > 1
    assert all(0.5 <= value <= 1.0 for value in jittered)
