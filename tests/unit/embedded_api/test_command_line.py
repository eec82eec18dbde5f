"""`python -m stack.embedded_api`."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from stack.embedded_api.__main__ import main

ROOT = Path(__file__).parents[3]


def test_it_says_where_it_listens_and_ends_on_a_signal():
    command = [sys.executable, "-m", "stack.embedded_api", "--port", "0", "--fault", "html:1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/api/1\.4/", said)
            assert address, said
            assert "made up" in said
            kinds = [requests.get(address[0], timeout=30).headers["Content-Type"] for _ in range(2)]
            assert [kind.partition(";")[0] for kind in kinds] == ["text/html", "application/json"]
        finally:
            process.terminate()
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["embedded_api", "--port", str(port)])
        assert main() == 1
    assert capsys.readouterr().err == (
        f"The embedded API cannot listen on 127.0.0.1:{port} (Address already in use). "
        "End what uses that port, or choose another with --port.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "oops"], "kind must be one of"),
        (["--latency-ms", "-1"], "must be 0 or more"),
        (["--port", "x"], "invalid int value"),
    ],
)
def test_a_wrong_argument_is_explained(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["embedded_api", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
