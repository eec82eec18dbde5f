from pipeline_defs.reporting import Report
from pipeline_defs.supervision.memory import Memory, seconds_to_catch_up
from tests.unit.supervision.worlds import ago


def watched(*looks: tuple[float, int, int | None]) -> Memory:
    """Give the memory after looks: seconds ago, the ledger's position, the lag."""
    memory = Memory()
    for age, position, lag in looks:
        memory = memory.after(ago(age), "this", position, None if lag is None else {0: lag})
    return memory


def test_input_waits_since_the_ledger_stands_still():
    assert watched((45, 100, 5), (30, 100, 5), (15, 100, 9)).waiting_since == ago(45)
    assert watched((45, 100, 5), (30, 101, 5), (15, 101, 9)).waiting_since == ago(30)


def test_nothing_waits_where_nothing_is_ahead():
    assert watched((30, 100, 5), (15, 100, 0)).waiting_since is None
    assert watched((45, 100, 5), (30, 100, 0), (15, 100, 3)).waiting_since == ago(15)


def test_what_nobody_watched_does_not_count():
    assert watched((400, 100, 5), (15, 100, 5)).waiting_since == ago(15)
    assert watched((30, 100, 5), (15, 100, None)).waiting_since is None


def test_the_estimate_is_made_of_the_fall_of_the_lag():
    assert seconds_to_catch_up(watched((30, 0, 4000), (15, 0, 3000), (0, 0, 2000)).lags) == 30
    assert seconds_to_catch_up(watched((15, 0, 2000), (0, 0, 2000)).lags) is None
    assert seconds_to_catch_up(watched((0, 0, 2000)).lags) is None
    assert seconds_to_catch_up(watched((15, 0, 2000), (0, 0, 0)).lags) is None


def test_old_looks_are_forgotten():
    assert [lag for _, lag in watched((90, 0, 1), (60, 0, 2), (30, 0, 3), (0, 0, 4)).lags] == [2, 3, 4]


def test_it_survives_in_a_cursor():
    memory = watched((30, 100, 5), (15, 100, 5)).reported(Report("running", ago(15).isoformat()))
    assert Memory.read(memory.write()) == memory
    assert Memory.read(Memory().write()) == Memory()


def test_a_foreign_cursor_is_no_memory():
    assert Memory.read('{"stream": {"outcome": "running"}}') == Memory()
    assert Memory.read("nonsense") == Memory()
    assert Memory.read(None) == Memory()
