"""The embedded API's addresses: the people at /api/ and /api/1.4/, the switches at /faults, its state at /health."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stack.embedded_api import words
from stack.embedded_api.answers import VERSION, document, written
from stack.embedded_api.faults import Fault, InvalidFaultError, Kind, Switches
from stack.embedded_api.query import Query, read, unavailable_format
from stack.embedded_api.spoiled import spoiled

Endpoint = Callable[[Request], Awaitable[Response]]

SOURCE_HEADER = {"X-Random-User-Source": "embedded", "Cache-Control": "no-cache"}


def create_app(switches: Switches | None = None, *, latency_ms: float = 0.0) -> Starlette:
    """Give the application, its word lists ready.

    Args:
        switches: the faults that are on from the start.
        latency_ms: milliseconds that every answer waits.
    """
    words.prepare()
    on = switches or Switches()
    people = _people(on, latency_ms)
    paths = ["/api", "/api/", f"/api/{VERSION}", f"/api/{VERSION}/"]
    return Starlette(
        routes=[
            *(Route(path, people, methods=["GET"]) for path in paths),
            Route("/faults", _faults(on), methods=["GET", "PUT", "DELETE"]),
            Route("/health", _health, methods=["GET"]),
        ]
    )


def _people(switches: Switches, latency_ms: float) -> Endpoint:
    async def people(request: Request) -> Response:
        """Give people, or whatever the switches say."""
        fault = switches.hit()
        unavailable = unavailable_format(request.query_params)
        if unavailable:
            error = f"The embedded API gives JSON only, not {unavailable}."
            response: Response = JSONResponse({"error": error}, status_code=501)
        else:
            query = read(request.query_params)
            await _wait(request, latency_ms + (fault.latency_ms if fault else 0.0))
            response = await run_in_threadpool(_answer, query, fault, f"{request.url.path}?{request.url.query}")
        response.headers.update(SOURCE_HEADER)
        return response

    return people


def _answer(query: Query, fault: Fault | None, address: str) -> Response:
    answer = document(query, datetime.now(UTC))
    if fault and fault.kind is not Kind.SLOW:
        return spoiled(fault, address, answer)
    return Response(written(answer, indented=query.indented), media_type="application/json; charset=utf-8")


def _faults(switches: Switches) -> Endpoint:
    async def faults(request: Request) -> Response:
        """Show, set or clear the faults. From this machine only: whoever switches them can stop the pipeline."""
        if not request.client or request.client.host not in {"127.0.0.1", "::1"}:
            return PlainTextResponse("Faults can be switched from this machine only.\n", status_code=403)
        if request.method == "PUT":
            try:
                given = await request.json()
                switches.on[:] = [Fault.read(one) for one in (given if isinstance(given, list) else [given])]
            except (InvalidFaultError, ValueError) as error:
                return PlainTextResponse(f"Not a fault: {error}.\n", status_code=400)
        elif request.method == "DELETE":
            switches.on.clear()
        return JSONResponse([vars(fault) for fault in switches.on])

    return faults


async def _health(_: Request) -> Response:
    """Say that the server is up, whatever faults are on."""
    return JSONResponse({"source": "embedded", "version": VERSION}, headers=SOURCE_HEADER)


async def _wait(request: Request, milliseconds: float) -> None:
    """Wait, but no longer than the client does."""
    if milliseconds <= 0:
        return
    try:
        async with asyncio.timeout(milliseconds / 1000):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
