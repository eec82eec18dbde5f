"""Every way in which the RandomUser API was seen to fail, and the switches that turn them on and off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import SystemRandom


class Kind(StrEnum):
    """A way to fail. The value is its name in `PUT /faults` and after `--fault`."""

    SLOW = "slow"
    """A good answer after `latency_ms`."""
    ERROR_OBJECT = "error_object"
    """The API's own error, with status 200."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """429 with the API's own words and no Retry-After."""
    FORBIDDEN = "forbidden"
    """403, as cloud hosts get it."""
    BAD_GATEWAY = "bad_gateway"
    """502."""
    UNAVAILABLE = "unavailable"
    """503."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """504."""
    NOT_FOUND = "not_found"
    """404."""
    HTML = "html"
    """An HTML page with status 200."""
    HTML_AS_JSON = "html_as_json"
    """An HTML page that calls itself JSON."""
    EMPTY = "empty"
    """An empty `results` beside a healthy `info`."""
    FEWER = "fewer"
    """One person fewer than asked for."""
    WRONG_SHAPE = "wrong_shape"
    """`results` is an object."""
    MISSING_FIELD = "missing_field"
    """The last person has no `location`."""
    MISSING_UUID = "missing_uuid"
    """The last person has no `login.uuid`."""
    DOUBLED_UUID = "doubled_uuid"
    """The last person has the uuid of the first."""
    CUT_OFF = "cut_off"
    """The connection ends in the middle of the body."""
    CUT_OFF_JSON = "cut_off_json"
    """A body that is complete for HTTP and ends in the middle of its JSON."""
    DRIPPING = "dripping"
    """The body comes byte by byte, `latency_ms` apart, and never completely."""
    ENDLESS = "endless"
    """The body never ends."""
    REDIRECT_ELSEWHERE = "redirect_elsewhere"
    """302 to another host."""
    REDIRECT_HERE = "redirect_here"
    """302 to this same address."""


class InvalidFaultError(ValueError):
    """A fault that is described wrongly; the message says what is allowed."""


@dataclass
class Fault:
    """One fault that is switched on.

    Attributes:
        kind: what happens.
        times: how many requests it still hits; None means all.
        probability: how likely it hits a request, 0 to 1.
        latency_ms: milliseconds before the answer begins.
    """

    kind: Kind
    times: int | None = None
    probability: float = 1.0
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        _require(self.times is None or (_is_number(self.times, int) and self.times >= 1), "times must be 1 or more")
        _require(_is_number(self.probability) and 0 <= self.probability <= 1, "probability must be between 0 and 1")
        _require(_is_number(self.latency_ms) and self.latency_ms >= 0, "latency_ms must be 0 or more")

    @classmethod
    def read(cls, given: object) -> "Fault":
        """Read a fault as `PUT /faults` takes it: `{"kind": …, "times": …, "probability": …, "latency_ms": …}`.

        Raises:
            InvalidFaultError: it is not one; the message says why.
        """
        if not isinstance(given, Mapping):
            message = f"a fault is a JSON object with a kind; got {given!r}"
            raise InvalidFaultError(message)
        unknown = set(given) - {"kind", "times", "probability", "latency_ms"}
        _require(not unknown, f"unknown {sorted(unknown)}; allowed are kind, times, probability, latency_ms")
        _require(given.get("kind") in list(Kind), f"kind must be one of {', '.join(Kind)}; got {given.get('kind')!r}")
        return cls(**{**given, "kind": Kind(given["kind"])})

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read a fault as `--fault` takes it: `kind`, `kind:times` or `kind:times:probability`."""
        kind, _, rest = text.partition(":")
        times, _, probability = rest.partition(":")
        try:
            numbers = {"times": int(times) if times else None, "probability": float(probability or 1)}
        except ValueError:
            message = f"{text!r} is not kind, kind:times or kind:times:probability"
            raise InvalidFaultError(message) from None
        return cls.read({"kind": kind, **numbers})


@dataclass
class Switches:
    """The faults that are on. The first one that hits a request decides its fate."""

    on: list[Fault] = field(default_factory=list)
    dice: Callable[[], float] = SystemRandom().random

    def hit(self) -> Fault | None:
        """Give the fault that hits the next request, if one does; one that has hit often enough goes off."""
        for fault in self.on:
            if self.dice() < fault.probability:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.on.remove(fault)
                return fault
        return None


def _is_number(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds or (int, float)) and not isinstance(value, bool)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise InvalidFaultError(message)
