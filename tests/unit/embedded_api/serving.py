"""The embedded API on a free loopback port, in a thread of the tests' process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from stack.embedded_api.app import create_app
from stack.embedded_api.faults import Fault, Kind, Switches
from stack.embedded_api.serving import serving


@dataclass
class Served:
    """A running embedded API.

    Attributes:
        address: scheme, host and port.
        switches: its faults.
        queries: the query of each request for people, in order.
    """

    address: str
    switches: Switches
    queries: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.address}/api/1.4/"

    def fail(self, kind: str, times: int | None = None, latency_ms: float = 0.0) -> None:
        self.switches.on[:] = [Fault(Kind(kind), times=times, latency_ms=latency_ms)]

    def forget(self) -> None:
        self.switches.on.clear()
        self.queries.clear()


@contextmanager
def serve(app: ASGIApp | None = None) -> Iterator[Served]:
    """Serve the embedded API, or another application in its place, until the block ends."""
    switches = Switches()
    inner = app or create_app(switches)
    served = Served("", switches)

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api"):
            served.queries.append(scope["query_string"].decode())
        await inner(scope, receive, send)

    with serving(noting) as served.address:
        yield served
