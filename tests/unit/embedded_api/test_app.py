"""The embedded API over HTTP."""

import asyncio
import json
from typing import Any

import pytest
import requests
from starlette.types import Message, Scope

from stack.embedded_api.app import create_app
from tests.unit.embedded_api.serving import Served

SECONDS = 30


def get(api: Served, path: str = "/api/1.4/", **parameters: str) -> requests.Response:
    return requests.get(api.address + path, params=parameters, timeout=SECONDS)


def results(api: Served, **parameters: str) -> list[dict[str, Any]]:
    return get(api, **parameters).json()["results"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/1.4", "/api/1.4/"])
def test_people_are_at_the_addresses_of_the_real_api(api: Served, path: str):
    response = get(api, path, results="3")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(response.json()["results"]) == 3


@pytest.mark.parametrize("path", ["/", "/api/1.3/", "/api/9.9/", "/elsewhere"])
def test_nothing_is_elsewhere(api: Served, path: str):
    assert get(api, path).status_code == 404


def test_an_answer_says_plainly_that_it_is_made_up(api: Served):
    response = get(api, results="2", page="7", seed="abc")
    assert response.headers["X-Random-User-Source"] == "embedded"
    info = response.json()["info"]
    assert "made up" in info.pop("source")
    assert info == {"seed": "abc", "results": 2, "page": 7, "version": "1.4"}


def test_noinfo_leaves_the_header(api: Served):
    response = get(api, noinfo="")
    assert list(response.json()) == ["results"]
    assert response.headers["X-Random-User-Source"] == "embedded"


def test_five_thousand_people_come_and_more_are_one(api: Served):
    assert len(results(api, results="5000", inc="nat")) == 5000
    assert len(results(api, results="5001")) == 1


def test_nationalities_are_kept_to(api: Served):
    assert {one["nat"] for one in results(api, results="50", nat="ir,UA")} == {"IR", "UA"}
    assert len({one["nat"] for one in results(api, results="200", nat="ir,xx")}) > 10


def test_fields_keep_their_order(api: Served):
    assert list(results(api, inc="nat,name,dob")[0]) == ["name", "dob", "nat"]
    assert "login" not in results(api, exc="login")[0]


def test_a_seed_gives_the_same_people(api: Served):
    first = results(api, seed="s", results="5")
    assert results(api, seed="s", results="5") == first
    assert results(api, seed="s", results="5", page="2") != first
    assert results(api, seed="t", results="5") != first
    assert results(api, results="5") != results(api, results="5")


def test_a_seed_repeats_uuids_for_different_people(api: Served):
    swiss, finns = (results(api, seed="s", results="5", nat=nat) for nat in ("ch", "fi"))
    assert [one["login"]["uuid"] for one in swiss] == [one["login"]["uuid"] for one in finns]
    assert not {one["email"] for one in swiss} & {one["email"] for one in finns}


def test_json_is_written_as_the_real_api_does(api: Served):
    body = get(api, nat="ir", results="20").content
    assert b'": ' not in body
    assert b"\\u" not in body
    assert json.loads(body)
    assert b'\n  "results": [' in get(api, format="pretty").content


def test_other_formats_are_refused_in_plain_words(api: Served):
    response = get(api, format="csv")
    assert response.status_code == 501
    assert response.json() == {"error": "The embedded API gives JSON only, not csv."}


def test_faults_are_switched_at_run_time(api: Served):
    faults = f"{api.address}/faults"
    put = requests.put(faults, json={"kind": "html", "times": 1}, timeout=SECONDS)
    assert put.json() == [{"kind": "html", "times": 1, "probability": 1.0, "latency_ms": 0.0}]
    assert get(api).headers["Content-Type"].startswith("text/html")
    assert requests.get(faults, timeout=SECONDS).json() == []
    requests.put(faults, json=[{"kind": "empty"}, {"kind": "html"}], timeout=SECONDS)
    assert get(api).json()["results"] == []
    assert requests.delete(faults, timeout=SECONDS).json() == []
    assert get(api).json()["results"]


@pytest.mark.parametrize("body", [b"{", b'{"kind": "oops"}', b"[3]", b'"html"'])
def test_a_wrong_fault_changes_nothing(api: Served, body: bytes):
    api.fail("empty")
    response = requests.put(f"{api.address}/faults", data=body, timeout=SECONDS)
    assert response.status_code == 400
    assert response.text.startswith("Not a fault: ")
    assert [fault.kind for fault in api.switches.on] == ["empty"]


def test_health_is_asked_without_using_up_a_fault(api: Served):
    api.fail("html", times=1)
    assert requests.get(f"{api.address}/health", timeout=SECONDS).json() == {"source": "embedded", "version": "1.4"}
    assert len(api.switches.on) == 1


def test_faults_cannot_be_switched_from_another_machine():
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"kind": "html"}'}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "PUT",
        "path": "/faults",
        "query_string": b"",
        "headers": [],
        "client": ("10.0.0.7", 50000),
    }
    asyncio.run(create_app()(scope, receive, send))
    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("error_object", 200, "Uh oh, something has gone wrong."),
        ("too_many_requests", 429, "Whoa, ease up there cowboy."),
        ("forbidden", 403, "403 Forbidden"),
        ("not_found", 404, "Not Found"),
        ("bad_gateway", 502, "502 Bad Gateway"),
        ("unavailable", 503, "503 Service Temporarily Unavailable"),
        ("gateway_timeout", 504, "504 Gateway Time-out"),
        ("html", 200, "<!DOCTYPE html>"),
        ("html_as_json", 200, "<!DOCTYPE html>"),
        ("empty", 200, '"results":[]'),
        ("wrong_shape", 200, '"results":{'),
    ],
)
def test_failures_look_like_those_that_were_seen(api: Served, kind: str, status: int, said: str):
    api.fail(kind)
    response = get(api, results="3")
    assert response.status_code == status
    assert said in response.text
    assert "Retry-After" not in response.headers


def test_an_empty_list_comes_beside_a_healthy_info(api: Served):
    api.fail("empty")
    assert get(api, results="3").json()["info"]["results"] == 3


def test_a_slow_answer_is_a_good_one(api: Served):
    api.fail("slow", latency_ms=1)
    assert len(results(api, results="3")) == 3


def test_a_body_that_is_cut_off_announces_more_than_it_sends(api: Served):
    api.fail("cut_off")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(api, results="3")
