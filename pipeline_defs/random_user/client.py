"""The client of the RandomUser API: the people asked for, or an error that says what to do.

    api = RandomUserApi("https://randomuser.me/api/1.4/", nationalities=("CH", "FR"))
    fetched = api.fetch(10, deadline_seconds=12)

A `seed` is never sent, because people who share a seed share uuids. `noinfo` is not sent either: it saves 80 bytes, and
`info` is where a server can say who it is.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count as counted
from random import SystemRandom

import requests

from pipeline_defs.random_user import http
from pipeline_defs.random_user.errors import InvalidRequestError, RandomUserError
from pipeline_defs.random_user.options import checked_parameters, checked_url
from pipeline_defs.random_user.response import Answer, Person, people_in

MOST_PEOPLE = 5000
"""People in one request; beyond this the API silently gives one person."""


@dataclass(frozen=True)
class Fetched:
    """People, and where, when and how fast they came.

    Attributes:
        people: exactly as many as were asked for, no uuid twice.
        source: the address of the API.
        made_up_here: whether the server says that it is the embedded one, not the RandomUser API.
        fetched_at: when the answer was complete, UTC.
        latency_seconds: from sending the successful request to its last byte.
        attempts: how many requests it took.
    """

    people: tuple[Person, ...]
    source: str
    made_up_here: bool
    fetched_at: datetime
    latency_seconds: float
    attempts: int


@dataclass(frozen=True)
class RandomUserApi:
    """A server of the RandomUser API, version 1.4, and how to ask it. Nothing is sent before `fetch`.

    Attributes:
        url: the address, such as https://randomuser.me/api/1.4/.
        nationalities: two-letter codes to choose from; none means all.
        include: fields to ask for; none means all. The fields that `users` needs must be among them.
        exclude: fields to leave out; never one that `users` needs.
        connect_seconds: time limit of opening the connection.
        read_seconds: time limit of each wait for the next bytes.
        most_attempts: how often to ask at most, where a failure may pass.
        largest_body: bytes after which reading stops.
        clock: seconds on a clock that only goes forward.
        now: the time of day, UTC.
        sleep: waits for that many seconds.
        jitter: gives a number between two others, so that many clients don't come back together.

    Raises:
        InvalidRequestError: a value is impossible; the message names it and what is allowed.
    """

    url: str
    nationalities: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    most_attempts: int = 4
    largest_body: int = 16 * 1024 * 1024
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    jitter: Callable[[float, float], float] = field(default=SystemRandom().uniform, repr=False)

    def __post_init__(self) -> None:
        checked_url(self.url)
        self._parameters()

    def fetch(self, count: int, *, deadline_seconds: float) -> Fetched:
        """Ask for people, again after a growing pause where a failure may pass, until the time is up.

        Args:
            count: how many people, 1 to 5,000.
            deadline_seconds: the time for every attempt and every pause together.

        Raises:
            RandomUserError: the people did not come; the subclass and its message say why and what to do.
        """
        if not 1 <= count <= MOST_PEOPLE:
            reason = f"{count} people; PEOPLE_PER_TICK must be between 1 and {MOST_PEOPLE:,}"
            raise InvalidRequestError(url=self.url, reason=reason)
        time_up = self.clock() + deadline_seconds
        with http.new_session(self.url) as session:
            for attempt in counted(1):
                try:
                    return self._ask(session, count, time_up, attempt)
                except RandomUserError as error:
                    error.attempts = attempt
                    pause = self._pause(attempt)
                    if not error.may_pass or attempt >= self.most_attempts or self.clock() + pause >= time_up:
                        raise
                self.sleep(pause)
        raise AssertionError  # the count never ends

    def _ask(self, session: requests.Session, count: int, time_up: float, attempt: int) -> Fetched:
        """Send one request and judge its answer."""
        limits = http.Limits(self.connect_seconds, self.read_seconds, time_up, self.largest_body, self.clock)
        started = self.clock()
        response = http.get(session, self.url, {"results": str(count), **self._parameters()}, limits)
        fetched_at, latency = self.now(), self.clock() - started
        answer = Answer(self.url, response.headers.get("Content-Type", ""), response.body, count)
        return Fetched(
            people=people_in(answer),
            source=self.url,
            made_up_here=response.headers.get("X-Random-User-Source") == "embedded",
            fetched_at=fetched_at,
            latency_seconds=latency,
            attempts=attempt,
        )

    def _parameters(self) -> dict[str, str]:
        return checked_parameters(self.url, self.nationalities, self.include, self.exclude)

    def _pause(self, attempt: int) -> float:
        """Give the seconds to wait after an attempt: up to 0.5, 1, 2, 4, then always 4, and at least half of it."""
        return min(0.5 * 2 ** (attempt - 1), 4.0) * self.jitter(0.5, 1.0)
