"""Start the embedded API: `python -m stack.embedded_api --host 127.0.0.1 --port 8090`."""

import argparse
import os
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from stack.embedded_api.app import create_app
from stack.embedded_api.faults import Fault, InvalidFaultError, Kind, Switches


def main() -> int:
    """Serve until a signal ends it. Gives 1 if the port cannot be used, 2 if an argument is wrong."""
    arguments = _parser().parse_args()
    try:
        listening = socket.create_server((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        sys.stderr.write(
            f"The embedded API cannot listen on {arguments.host}:{arguments.port} ({reason}). "
            "End what uses that port, or choose another with --port.\n"
        )
        return 1
    app = create_app(Switches(arguments.fault), latency_ms=arguments.latency_ms)
    host, port = listening.getsockname()[:2]
    sys.stdout.write(f"The embedded RandomUser API listens on http://{host}:{port}/api/1.4/; its people are made up.\n")
    sys.stdout.flush()
    server(app).run(sockets=[listening])
    return 0


def server(app: ASGIApp) -> uvicorn.Server:
    """Give the server for an application: quiet, and not waiting for slow clients when it is told to end."""
    configuration = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(configuration)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stack.embedded_api",
        description="The RandomUser API, version 1.4, with made-up people.",
        epilog=f"Kinds of faults: {', '.join(Kind)}. PUT and DELETE /faults switch them at run time.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8090, help="port to listen on; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--latency-ms", type=_milliseconds, default=0.0, help="milliseconds that every answer waits")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND[:TIMES[:PROBABILITY]]",
        help="may be given often",
    )
    return parser


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        message = "must be 0 or more"
        raise argparse.ArgumentTypeError(message)
    return value


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except InvalidFaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
