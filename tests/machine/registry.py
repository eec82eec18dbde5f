"""A registry of jars on this machine: a good one, a rotten one, or one that never ends its answers."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.http_server import Quiet, serving


@contextmanager
def registry(folders: Mapping[str, Path] | None = None, *, stalls: bool = False) -> Iterator[str]:
    """Serve the jars of these folders, or for each name the same rotten bytes; give the URL."""
    served = {path.name: path for folder in (folders or {}).values() for path in folder.glob("*.jar")}
    ended = threading.Event()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            if stalls:
                ended.wait()
                return
            file = served.get(self.path.rsplit("/", 1)[-1])
            content = file.read_bytes() if file else b"rotten"
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    with serving(Handler) as url:
        try:
            yield url
        finally:
            ended.set()
