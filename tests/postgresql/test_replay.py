"""Rejected records that are rows now move into their table, once, whatever happens to the replay."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from contract.contract import Contract, Row
from contract.rejection import Rejection
from pipeline_defs import replay
from pipeline_defs.replay import AnotherReplayError, Replayer, ReplayError, Request, Result
from tests.postgresql.server import Database
from tests.waiting import until

_REJECT = """
INSERT INTO rejected_records (topic, topic_id, partition, "offset", kafka_timestamp, payload, reason, detail)
VALUES ('t', %(topic_id)s, %(partition)s, %(offset)s, '2026-05-04T12:00Z', %(payload)s, %(reason)s, 'another parser')
"""
_PEOPLE = "SELECT uuid::text, email, kafka_partition, kafka_offset FROM users ORDER BY kafka_partition, kafka_offset"
_RECORDS = 'SELECT partition, "offset", reason, detail, replayed_as, replayed_at FROM rejected_records'
_REPLAYS = "SELECT found, inserted, duplicates, still_rejected, outcome, error FROM replays ORDER BY id"
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'replay_rejected' AND wait_event_type = 'Lock'"

Parse = Callable[[bytes | None], Row | Rejection]


def uuid(number: int) -> str:
    return str(UUID(int=number))


def parse(value: bytes | None) -> Row | Rejection:
    """Take `uuid e-mail [age]` for a person, and `bad` for none."""
    if value == b"bad":
        return Rejection("not_json", "the value is not JSON")
    uuid, email, *age = (value or b"").decode().split()
    return uuid, email, int(age[0]) if age else 30


def contract(parse: Parse = parse) -> Contract:
    return Contract("users", ("uuid", "email", "age"), parse)


def reject(database: Database, partition: int, offset: int, payload: str, **other: str) -> None:
    values = {"partition": partition, "offset": offset, "payload": payload.encode()}
    database.run(_REJECT, {"topic_id": "A", "reason": "too_long", **values, **other})


@pytest.fixture
def rejected(database: Database) -> Database:
    """Three people, what is theirs already, one that the table refuses, and one that is none."""
    payloads = {
        (0, 1): f"{uuid(1)} a@x.org",
        (0, 2): "bad",
        (0, 3): f"{uuid(2)} b@x.org",
        (0, 9): f"{uuid(1)} a@x.org",  # a duplicate
        (0, 10): f"{uuid(1)} other@x.org",  # a conflict
        (1, 1): f"{uuid(3)} c@x.org 99999999999",  # refused by the table
        (1, 2): f"{uuid(4)} d@x.org",
        (1, 3): f"{uuid(2)} b@x.org",  # a duplicate of another partition's
    }
    for (partition, offset), payload in payloads.items():
        reject(database, partition, offset, payload)
    return database


RECORDS = 8
DONE = Result(RECORDS, inserted=3, duplicates=2, still_rejected=3)
PEOPLE = [(uuid(1), "a@x.org", 0, 1), (uuid(2), "b@x.org", 0, 3), (uuid(4), "d@x.org", 1, 2)]


def replayer(database: Database, at_a_time: int = 1000, parse: Parse = parse, log: Callable = print) -> Replayer:
    return Replayer(database.url(), log, contract(parse), at_a_time)


def run(database: Database, at_a_time: int = 1000, parse: Parse = parse, **wanted: Any) -> Result:  # noqa: ANN401 - what a request takes
    return replayer(database, at_a_time, parse).run(Request(**wanted), "a test")


def people(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in database.run(_PEOPLE)]


def marks(database: Database) -> dict[tuple[int, int], tuple[str, str | None]]:
    return {(row["partition"], row["offset"]): (row["reason"], row["replayed_as"]) for row in database.run(_RECORDS)}


def outcomes(database: Database) -> list[str | None]:
    return [row["outcome"] for row in database.run(_REPLAYS)]


def on_call(number: int, action: Callable[[], object]) -> Parse:
    """Return the parser, which does something before it parses its record of this number, from 0."""
    calls = iter(range(1000))

    def parse_or_act(value: bytes | None) -> Row | Rejection:
        if next(calls) == number:
            action()
        return parse(value)

    return parse_or_act


def end_run() -> None:
    """Do what Dagster does to a run that somebody terminates."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("at_a_time", [1, 3, 1000])
def test_rows_move_and_the_rest_gets_todays_reason(rejected: Database, at_a_time: int):
    assert run(rejected, at_a_time) == DONE
    assert people(rejected) == PEOPLE
    assert marks(rejected) == {
        (0, 1): ("too_long", "inserted"),
        (0, 2): ("not_json", None),
        (0, 3): ("too_long", "inserted"),
        (0, 9): ("too_long", "duplicate"),
        (0, 10): ("uuid_conflict", None),
        (1, 1): ("refused_by_database", None),
        (1, 2): ("too_long", "inserted"),
        (1, 3): ("too_long", "duplicate"),
    }
    details = {row["reason"]: row["detail"] for row in rejected.run(_RECORDS) if row["replayed_as"] is None}
    assert details["not_json"] == "the value is not JSON"
    assert "with another e-mail" in details["uuid_conflict"]
    assert "out of range" in details["refused_by_database"]
    assert all((row["replayed_at"] is None) == (row["replayed_as"] is None) for row in rejected.run(_RECORDS))
    assert rejected.value("SELECT max(kafka_timestamp)::TEXT FROM users") == "2026-05-04 12:00:00+00"
    assert [tuple(row.values()) for row in rejected.run(_REPLAYS)] == [(*DONE, "done", None)]


def test_progress(rejected: Database):
    said: list[str] = []
    replayer(rejected, 4, log=said.append).run(Request(), "a test")
    assert said == [
        "Replay 1: 0 of 8 records: 0 inserted, 0 duplicates, 0 still rejected.",
        "Replay 1: 4 of 8 records: 2 inserted, 1 duplicates, 1 still rejected.",
        "Replay 1: 5 of 8 records: 2 inserted, 1 duplicates, 2 still rejected.",
        "Replay 1: 8 of 8 records: 3 inserted, 2 duplicates, 3 still rejected.",
    ]


def test_twice_changes_nothing(rejected: Database):
    run(rejected)
    before = people(rejected), marks(rejected)
    assert run(rejected) == Result(3, still_rejected=3)
    assert (people(rejected), marks(rejected)) == before


@pytest.mark.parametrize("reached", range(RECORDS))
def test_ended_and_asked_again(rejected: Database, reached: int):
    with pytest.raises(KeyboardInterrupt):
        run(rejected, 3, on_call(reached, end_run))
    assert outcomes(rejected) == ["failed"]
    run(rejected)
    assert_moved_once(rejected)


@pytest.mark.parametrize("reached", range(RECORDS))
def test_killed_and_asked_again(rejected: Database, monkeypatch: pytest.MonkeyPatch, reached: int):
    """A process that is killed says nothing; the next replay says it."""

    def say_nothing(*_: object) -> None:
        raise psycopg2.InterfaceError

    with monkeypatch.context() as patches:
        patches.setattr(replay, "_end", say_nothing)
        with pytest.raises(KeyboardInterrupt):
            run(rejected, 1, on_call(reached, end_run))
    assert outcomes(rejected) == [None]
    run(rejected)
    assert outcomes(rejected) == ["failed", "done"]
    assert_moved_once(rejected)


def assert_moved_once(rejected: Database) -> None:
    assert people(rejected) == PEOPLE
    totals = rejected.run("SELECT sum(inserted) AS inserted, sum(duplicates) AS duplicates FROM replays")[0]
    assert tuple(totals.values()) == (DONE.inserted, DONE.duplicates)


@pytest.mark.parametrize("reached", [0, 4, RECORDS - 1])
def test_lost_connection(rejected: Database, reached: int):
    """A replay goes on by itself, in the same numbers."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'replay_rejected'"
    assert run(rejected, 3, on_call(reached, lambda: rejected.run(kill, role="postgres"))) == DONE
    assert people(rejected) == PEOPLE


@pytest.mark.parametrize("number", range(1, 6))
def test_lost_answer_to_a_commit(rejected: Database, monkeypatch: pytest.MonkeyPatch, number: int):
    """What was committed is not counted again."""
    attempt, calls = replay._Session.attempt, iter(range(1000))

    def attempt_and_lose(session: replay._Session, work: Callable[..., Any]) -> Any:  # noqa: ANN401 - what the work gives
        result = attempt(session, work)
        if next(calls) == number:
            session.close()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        return result

    monkeypatch.setattr(replay._Session, "attempt", attempt_and_lose)
    run(rejected, 3)
    assert [tuple(row.values())[:5] for row in rejected.run(_REPLAYS)] == [(*DONE, "done")]


def test_two_at_once(rejected: Database):
    def ask_again() -> None:
        with pytest.raises(AnotherReplayError, match="Another replay is at work"):
            run(rejected)

    assert run(rejected, parse=on_call(2, ask_again)) == DONE
    assert outcomes(rejected) == ["done"]


def test_given_up(rejected: Database):
    """Once `replays` says that it is over, a replay moves nothing more."""

    def give_up(_: str) -> None:
        rejected.run("UPDATE replays SET outcome = 'failed', error = 'by hand'")

    with pytest.raises(ReplayError, match="was given up"):
        replayer(rejected, log=give_up).run(Request(), "a test")
    assert not people(rejected)
    assert rejected.run(_REPLAYS)[0]["error"] == "by hand"


def test_table_fault(rejected: Database):
    """What no record is to blame for ends the replay; it goes on when the table is mended."""
    rejected.run("ALTER SEQUENCE users_id_seq MAXVALUE 2")
    with pytest.raises(ReplayError, match=r"failed after 6 of 8 records.*The table users is at fault.*2200H") as fault:
        run(rejected, 1)
    assert "What it moved stays moved; ask again." in str(fault.value)
    assert people(rejected) == PEOPLE[:2]
    assert marks(rejected)[1, 2] == ("too_long", None)
    [row] = rejected.run(_REPLAYS)
    assert (row["outcome"], row["inserted"]) == ("failed", 2)
    assert "2200H" in row["error"]
    rejected.run("ALTER SEQUENCE users_id_seq NO MAXVALUE")
    assert run(rejected).inserted == 1
    assert people(rejected) == PEOPLE


def test_refused_ones_are_no_table_fault(database: Database):
    """Records that a constraint refuses may wait in any number, and hold up none behind them."""
    for offset in range(30):
        reject(database, 0, offset, f"{uuid(offset)} {offset}@x.org 99999999999", reason="refused_by_database")
    reject(database, 0, 30, f"{uuid(30)} 30@x.org")
    assert run(database) == Result(31, inserted=1, still_rejected=30)


def test_unprocessable_stays(database: Database):
    reject(database, 0, 1, f"{uuid(1)} a@x.org", reason="unprocessable")
    assert run(database, reason="unprocessable") == Result(1, still_rejected=1)
    assert [tuple(row.values()) for row in database.run(_RECORDS)] == [
        (0, 1, "unprocessable", "another parser", None, None)
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"reason": "too_long"}, 8),
        ({"reason": "not_json"}, 0),
        ({"partition": 1}, 3),
        ({"partition": 0, "from_offset": 2, "to_offset": 9}, 3),
        ({"rejected_from": "2000-01-01"}, 8),
        ({"rejected_to": "2000-01-01"}, 0),
    ],
)
def test_request_chooses(rejected: Database, wanted: dict[str, Any], found: int):
    result = run(rejected, 2, **wanted)
    assert result.found == found
    assert result.inserted + result.duplicates + result.still_rejected == found


def test_two_topics(database: Database):
    """The same place in another incarnation of the topic is another record."""
    reject(database, 0, 1, f"{uuid(1)} a@x.org")
    reject(database, 0, 1, f"{uuid(2)} b@x.org", topic_id="B")
    assert run(database) == Result(2, inserted=2)


def test_large_record_goes_alone(rejected: Database):
    said: list[str] = []
    Replayer(rejected.url(), said.append, contract(), bytes_at_a_time=1).run(Request(), "a test")
    assert len(said) == 1 + RECORDS
    assert people(rejected) == PEOPLE


def test_deleted_meanwhile(rejected: Database):
    """A record that goes while the replay waits for its lock is no end of what waits."""
    with closing(rejected.connect()) as pruning, ThreadPoolExecutor(1) as pool:
        with pruning, pruning.cursor() as cursor:
            cursor.execute('DELETE FROM rejected_records WHERE partition = 0 AND "offset" < 9')
            result = pool.submit(run, rejected, 1)
            until(lambda: rejected.run(_WAITING, role="postgres"), "the replay's wait for a lock")
        assert result.result() == Result(RECORDS, inserted=3, still_rejected=2)


def test_contract_of_two_columns(database: Database):
    database.run(
        "CREATE TABLE pets (id BIGSERIAL PRIMARY KEY, uuid UUID UNIQUE, email TEXT, "
        "kafka_partition INT, kafka_offset BIGINT, kafka_timestamp TIMESTAMPTZ)"
    )
    reject(database, 2, 5, f"{uuid(1)} a@x.org")
    pets = Contract("pets", ("uuid", "email"), lambda value: tuple((value or b"").decode().split()))
    assert Replayer(database.url(), print, pets).run(Request(), "a test") == Result(1, inserted=1)
    [row] = database.run("SELECT uuid::TEXT, email, kafka_partition, kafka_offset FROM pets")
    assert tuple(row.values()) == (uuid(1), "a@x.org", 2, 5)


def test_contract_is_a_persons(database: Database):
    reject(database, 0, 1, '{"gender": "female"}')
    assert Replayer(database.url(), print).run(Request(), "a test") == Result(1, still_rejected=1)
    assert marks(database) == {(0, 1): ("missing_field", None)}
