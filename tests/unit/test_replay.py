"""A replay is asked for, submitted, watched, and given up where it does not come to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from pipeline_defs.database import Row
from pipeline_defs.replay import Patience, Replayer, ReplayError, Request, submission
from pipeline_defs.settings import Settings
from pipeline_defs.spark_master import PYTHON_DRIVER, SparkMaster, SparkMasterError
from tests.definitions.fakes import FakeDatabase, FakeMaster

NOTHING: Row = {
    "started_at": None, "found": None, "inserted": 0, "duplicates": 0, "still_rejected": 0, "outcome": None,
    "error": None,
}  # fmt: skip
HALF_WAY: Row = NOTHING | {"found": 5, "inserted": 2, "still_rejected": 1}
DONE: Row = HALF_WAY | {"inserted": 3, "duplicates": 1, "outcome": "done"}
FAILED: Row = HALF_WAY | {"outcome": "failed", "error": "ReplayError: Another replay is at work."}


class Answers(FakeDatabase):
    """What `replays` says at one look after the other; the last one stays. A replay that is over can't be ended."""

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__({"replay_request": [{"id": 7}]})
        self.rows = list(rows)

    def run(self, name: str, **values: object) -> list[Row]:
        if name == "replay_read":
            self.answers[name] = [self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]]
        if name == "replay_end":
            self.answers[name] = [{"id": 7}] if self.rows[0]["outcome"] is None else []
        return super().run(name, **values)


class Master(FakeMaster):
    def __init__(self, over: str | None = None) -> None:
        super().__init__()
        self.over = over

    def driver_is_over(self, driver_id: str) -> str | None:
        assert driver_id == "driver-7"
        return self.over


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Replay:
    """One replay, with what it told."""

    database: FakeDatabase
    master: SparkMaster = field(default_factory=Master)
    told: list[str] = field(default_factory=list)

    @property
    def replayer(self) -> Replayer:
        clock = Clock()
        return Replayer(
            self.database, self.master, Settings(), self.told.append, Patience(60, clock=clock, sleep=clock.sleep)
        )


def test_a_replay_tells_how_it_gets_on_once_a_step():
    replay = Replay(Answers([NOTHING, NOTHING, HALF_WAY, HALF_WAY, DONE]))
    result = replay.replayer.run(Request(reason="too_long", partition=1), "somebody")
    assert (result.inserted, result.duplicates, result.still_rejected) == (3, 1, 1)
    assert replay.told == [
        "Replay 7 is submitted as driver-7.",
        "Replay 7: waiting for a worker.",
        "Replay 7: 3 of 5 records: 2 inserted, 0 duplicates, 1 still rejected.",
        "Replay 7: 5 of 5 records: 3 inserted, 1 duplicates, 1 still rejected.",
    ]
    [asked] = replay.database.values_of("replay_request")
    assert (asked["reason"], asked["partition"], asked["to_offset"]) == ("too_long", 1, None)


@pytest.mark.parametrize(
    ("rows", "over", "sentence", "is_killed"),
    [
        ([NOTHING, FAILED], None, "Replay 7 failed: ReplayError: Another replay is at work.", False),
        ([HALF_WAY], "FAILED", r"driver-7, the driver of replay 7, ended without a word \(FAILED\): 3 of 5", True),
        ([HALF_WAY], None, "Replay 7 is not done after 60 s, and is given up: 3 of 5 records", True),
        ([NOTHING], None, "is given up: waiting for a worker.*that a worker has a free core", True),
    ],
)
def test_a_replay_that_does_not_come_to_its_end(rows: list[Row], over: str | None, sentence: str, *, is_killed: bool):
    master = Master(over)
    replay = Replay(Answers(rows), master)
    with pytest.raises(ReplayError, match=sentence):
        replay.replayer.run(Request(), "somebody")
    assert master.killed == (["driver-7"] if is_killed else [])


def test_a_master_that_is_away_leaves_no_replay_that_could_begin_later():
    # Nobody listens on port 1.
    replay = Replay(Answers([NOTHING]), SparkMaster("http://127.0.0.1:1", "http://127.0.0.1:1"))
    with pytest.raises(SparkMasterError):
        replay.replayer.run(Request(), "somebody")
    assert [values["outcome"] for values in replay.database.values_of("replay_end")] == ["failed"]


def test_the_program_is_not_taken_for_the_stream():
    asked = submission(Settings(), 7)
    main_class, arguments = asked.command
    assert main_class != PYTHON_DRIVER
    assert arguments[-2].endswith("/spark/replay_rejected.py")
    assert arguments[-1] == "7"
    assert asked.properties["spark.driver.supervise"] == "false"
