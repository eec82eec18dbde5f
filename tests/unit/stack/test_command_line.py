import sys
from pathlib import Path

import pytest

from stack import command_line, launch


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    "case",
    [
        (["status"], {}, 3, "is not running. `make up` starts it."),
        (["status", "--json"], {}, 3, "is not running"),
        (["logs", "broker-1"], {}, 3, "no stack was ever started"),
        (["env"], {}, 3, "is not running"),
        (["topics"], {}, 3, "is not running"),
        (["tail"], {}, 3, "is not running"),
        (["psql", "-c", "SELECT 1"], {}, 3, "is not running"),
        (["status"], {"PIPELINE_PORT_OFFSET": "far"}, 1, "PIPELINE_PORT_OFFSET"),
        (["up"], {"PIPELINE_JAVA_HOME": "/nowhere"}, 5, "Java doesn't run"),
        (["up"], {"CADENCE_SECONDS": "1"}, 1, "CADENCE_SECONDS"),
        (["up"], {"KAFKA_PRODUCER_ACKS": "1"}, 1, 'KAFKA_PRODUCER_ACKS (from environment) is "1". Allowed: "all"'),
        (["up"], {"KAFKA_PRODUCER_FILE": "/none.json"}, 1, "/none.json (from KAFKA_PRODUCER_FILE) can't be read"),
        (["status"], {"CADENCE_SECONDS": "1"}, 1, "CADENCE_SECONDS"),
        (["fly"], {}, 2, "No such command 'fly'"),
    ],
)
def test_an_error_is_a_sentence_and_a_documented_code(
    case: tuple[list[str], dict[str, str], int, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    arguments, variables, code, says = case
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(arguments, monkeypatch) == code
    shown = capfd.readouterr()
    assert says in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_down_without_a_stack_is_done(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    assert run(["down"], monkeypatch) == 0
    assert "Nothing to stop" in capfd.readouterr().out


def test_logs_show_the_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "state" / "logs").mkdir(parents=True)
    (tmp_path / "state" / "logs" / "broker-1.log").write_text("one\ntwo\nthree\n")
    assert run(["logs", "broker-1", "--lines", "2"], monkeypatch) == 0
    assert capfd.readouterr().out == "two\nthree\n"
    assert run(["logs", "broker-9"], monkeypatch) == 1
    assert "There are: broker-1" in capfd.readouterr().err


def test_the_log_of_the_stream_is_that_of_its_newest_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "state" / "logs").mkdir(parents=True)
    (tmp_path / "state" / "logs" / "broker-1.log").touch()
    for worker, driver in ((1, "driver-20260102030405-0001"), (2, "driver-20260102030404-0000")):
        folder = tmp_path / "state" / "spark" / f"worker-{worker}" / driver
        folder.mkdir(parents=True)
        (folder / "stderr").write_text(f"Spark of {driver}\n")
        (folder / "stdout").write_text(f"stream of {driver}\n")
    assert run(["logs", "users_stream"], monkeypatch) == 0
    assert capfd.readouterr().out == ("Spark of driver-20260102030405-0001\nstream of driver-20260102030405-0001\n")


@pytest.mark.parametrize(("text", "count", "lines"), [("", 3, []), ("a\nb\n", 1, ["b"]), ("a\nb", 5, ["a", "b"])])
def test_last_lines(text: str, count: int, lines: list[str], tmp_path: Path):
    log = tmp_path / "a.log"
    log.write_text(text)
    assert launch.last_lines(log, count) == lines


def test_a_missing_log_has_no_lines(tmp_path: Path):
    assert launch.last_lines(tmp_path / "none.log", 3) == []
