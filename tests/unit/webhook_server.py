"""A webhook that remembers what it was told, or refuses, or never answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import SecretStr


class Webhook:
    """What the server was told, and how it answers."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answers = threading.Event()
        self.answers.set()
        self.url = SecretStr("")


@contextmanager
def listening() -> Iterator[Webhook]:
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.texts.append(json.loads(body)["text"])
            webhook.answers.wait(30)
            self.send_response(webhook.status)
            for name, value in webhook.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names them
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook.url = SecretStr(f"http://127.0.0.1:{server.server_port}/services/secret")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield webhook
    finally:
        webhook.answers.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
