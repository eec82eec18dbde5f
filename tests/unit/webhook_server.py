"""A webhook that remembers what it was told, or refuses, or never answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from pydantic import SecretStr

from tests.http_server import Quiet, serving


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

    class Handler(Quiet, BaseHTTPRequestHandler):
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

    with serving(Handler) as url:
        webhook.url = SecretStr(f"{url}/services/secret")
        try:
            yield webhook
        finally:
            webhook.answers.set()
