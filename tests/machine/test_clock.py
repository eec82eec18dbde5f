"""A clock that differs from that of the API, which any answer tells by its date."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

from tests.http_server import Quiet, serving
from tests.machine.machine import Machine, documented


@contextmanager
def api(ahead: timedelta) -> Iterator[str]:
    """An API whose clock differs from ours."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - as in the base class
            return format_datetime(datetime.now(UTC) + ahead, usegmt=True)

    with serving(Handler) as url:
        yield f"{url}/api/1.4/"


def test_a_clock_that_is_off(machine: Machine):
    with api(timedelta(hours=1)) as machine.environment["RANDOM_USER_API_URL"]:
        says = machine.refusal()
        assert " behind that of " in says
        assert list(machine.wrong()) == ["clock"]
    documented("a clock that is off", machine.for_the_page(says))
    with api(timedelta()) as machine.environment["RANDOM_USER_API_URL"]:
        assert machine.findings()["clock"]["says"].startswith("agrees with http://127.0.0.1:")
