from typing import Any

import pytest

from stack.embedded_api.faults import Fault, InvalidFaultError, Kind, Switches


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("html", Fault(Kind.HTML)),
        ("html:3", Fault(Kind.HTML, times=3)),
        ("html:3:0.5", Fault(Kind.HTML, times=3, probability=0.5)),
        ("html::0.5", Fault(Kind.HTML, probability=0.5)),
    ],
)
def test_parse(text: str, fault: Fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("html", "JSON object"),
        ({}, "kind must be one of slow, error_object"),
        ({"kind": "oops"}, "got 'oops'"),
        ({"kind": ["html"]}, "kind must be one of"),
        ({"kind": "html", "often": 3}, "allowed are kind, times"),
        ({"kind": "html", "times": 0}, "times must be 1 or more"),
        ({"kind": "html", "times": "3"}, "times must be 1 or more"),
        ({"kind": "html", "times": True}, "times must be 1 or more"),
        ({"kind": "html", "probability": 2}, "probability must be between 0 and 1"),
        ({"kind": "slow", "latency_ms": -1}, "latency_ms must be 0 or more"),
    ],
)
def test_what_is_no_fault_says_what_is_allowed(given: Any, said: str):  # noqa: ANN401 - any JSON
    with pytest.raises(InvalidFaultError, match=said):
        Fault.read(given)


@pytest.mark.parametrize("text", ["html:x", "html:1:x", "html:1.5", "html:0", "html:1:2", "oops", ""])
def test_what_cannot_be_parsed(text: str):
    with pytest.raises(InvalidFaultError):
        Fault.parse(text)


def test_a_fault_hits_as_often_as_it_says():
    switches = Switches([Fault(Kind.HTML, times=2)])
    assert [bool(switches.hit()) for _ in range(4)] == [True, True, False, False]
    assert not switches.on


def test_the_first_fault_that_hits_decides():
    rolls = iter([0.6, 0.4, 0.1])
    switches = Switches([Fault(Kind.HTML, probability=0.5), Fault(Kind.EMPTY)], dice=lambda: next(rolls))
    hits = [switches.hit(), switches.hit()]
    assert [hit and hit.kind for hit in hits] == [Kind.EMPTY, Kind.HTML]


def test_without_probability_a_fault_never_hits():
    switches = Switches([Fault(Kind.HTML, probability=0)], dice=lambda: 0.0)
    assert switches.hit() is None
