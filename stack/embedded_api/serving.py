"""The embedded API, or another application in its place, in a thread of this process: for tests and for `docs/`."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from stack.embedded_api.__main__ import server

_SECONDS_TO_END = 30


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free loopback port until the block ends, and give its scheme, host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join(_SECONDS_TO_END)
            if thread.is_alive():
                raise RuntimeError("the server does not end")
