"""A fault and a good answer → the bad answer that is sent instead."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from stack.embedded_api.answers import written
from stack.embedded_api.faults import Fault, Kind

_JSON = "application/json"
_ELSEWHERE = "http://another-host.invalid/api/"
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_UH_OH = "Uh oh, something has gone wrong. Please tweet us @randomapi about the issue. Thank you."
_COWBOY = (
    "Whoa, ease up there cowboy. You've requested 20000 users in the last 5 minutes. "
    "Help us keep this service free and spare some bandwidth for other users please :)"
)
_FIXED: dict[Kind, tuple[int, str, bytes]] = {
    Kind.ERROR_OBJECT: (200, _JSON, written({"error": _UH_OH}, indented=False)),
    Kind.TOO_MANY_REQUESTS: (429, _JSON, written({"error": _COWBOY}, indented=False)),
    Kind.FORBIDDEN: (403, "text/html", _PAGE.format("403 Forbidden").encode()),
    Kind.NOT_FOUND: (404, "text/plain", b"Not Found"),
    Kind.BAD_GATEWAY: (502, "text/html", _PAGE.format("502 Bad Gateway").encode()),
    Kind.UNAVAILABLE: (503, "text/html", _PAGE.format("503 Service Temporarily Unavailable").encode()),
    Kind.GATEWAY_TIMEOUT: (504, "text/html", _PAGE.format("504 Gateway Time-out").encode()),
    Kind.HTML: (200, "text/html", _PAGE.format("Down for maintenance").encode()),
    Kind.HTML_AS_JSON: (200, _JSON, _PAGE.format("Down for maintenance").encode()),
}


class CutOff(Response):
    """Announces a whole body, sends half of it, and leaves; the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - Starlette's signature
        """Send the first half."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


def spoiled(fault: Fault, address: str, answer: dict[str, object]) -> Response:
    """Give the response with which this fault spoils a good answer.

    Args:
        fault: any but a slow one, which spoils nothing.
        address: path and query of the request, for redirects.
        answer: the good answer; it may be changed.
    """
    if fault.kind in _FIXED:
        status, media_type, body = _FIXED[fault.kind]
        return Response(body, status, media_type=media_type)
    body = written(_bent(fault.kind, answer), indented=False)
    match fault.kind:
        case Kind.REDIRECT_ELSEWHERE | Kind.REDIRECT_HERE:
            return RedirectResponse(address if fault.kind is Kind.REDIRECT_HERE else _ELSEWHERE, 302)
        case Kind.ENDLESS:
            return StreamingResponse(_endless(), media_type=_JSON)
        case Kind.DRIPPING:
            return StreamingResponse(_dripping(body, fault.latency_ms / 1000), media_type=_JSON)
        case Kind.CUT_OFF:
            return CutOff(body, media_type=_JSON)
    return Response(body[: len(body) // 2] if fault.kind is Kind.CUT_OFF_JSON else body, media_type=_JSON)


def _bent(kind: Kind, answer: dict[str, object]) -> dict[str, object]:
    """Change what the answer says, for the faults that lie in it."""
    results = answer["results"]
    people = results if isinstance(results, list) else []
    last = people[-1]
    match kind:
        case Kind.EMPTY:
            return answer | {"results": []}
        case Kind.FEWER:
            return answer | {"results": people[:-1]}
        case Kind.WRONG_SHAPE:
            return answer | {"results": {"0": last}}
        case Kind.MISSING_FIELD:
            last.pop("location", None)
        case Kind.MISSING_UUID:
            last.get("login", {}).pop("uuid", None)
        case Kind.DOUBLED_UUID:
            last.get("login", {})["uuid"] = people[0].get("login", {}).get("uuid")
    return answer


async def _dripping(body: bytes, pause: float) -> AsyncIterator[bytes]:
    """Give a body byte by byte, all but its last."""
    for position in range(len(body) - 1):
        yield body[position : position + 1]
        await asyncio.sleep(pause)
    await asyncio.Event().wait()


async def _endless() -> AsyncIterator[bytes]:
    yield b'{"results":['
    while True:
        yield b" " * 65536
        await asyncio.sleep(0)
