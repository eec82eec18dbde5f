"""What of Spark's progress becomes rows of stream_progress."""

from spark.driver_state import progress_rows

BEFORE = {"batchId": 2, "timestamp": "2026-01-01T00:00:00.000Z", "batchDuration": 90, "durationMs": {"addBatch": 80}}
IDLE = {"batchId": 4, "timestamp": "2026-01-01T00:00:09.000Z", "durationMs": {"latestOffset": 2}}
BATCH = {
    "batchId": 3,
    "timestamp": "2026-01-01T00:00:05.000Z",
    "batchDuration": 500,
    "durationMs": {"addBatch": 400},
}


def test_each_batch_is_a_row():
    """Spark, whose tasks read by themselves, knows of no record: the sink's count stands for it."""
    _, row = progress_rows("app", [BEFORE, BATCH], {3: 10}, -1)
    assert row == {
        "application_id": "app",
        "batch_id": 3,
        "started_at": "2026-01-01T00:00:05.000Z",
        "input_rows": 10,
        "input_rows_per_second": 2.0,
        "processed_rows_per_second": 20.0,
        "batch_ms": 500,
        "durations_ms": '{"addBatch": 400}',
    }


def test_last_batch_is_written_again_older_ones_not():
    written = [row["batch_id"] for row in progress_rows("app", [BEFORE, BATCH, IDLE], {}, 3)]
    assert written == [3, 4]


def test_latest_word_of_a_batch_counts():
    rows = progress_rows("app", [IDLE, BATCH | {"batchId": 4}], {4: 10}, 3)
    assert [row["input_rows"] for row in rows] == [10]


def test_trigger_without_records_has_none():
    """Its batch id is that of the batch to come."""
    [row] = progress_rows("app", [IDLE], {4: 10}, 3)
    assert row["input_rows"] == 0


def test_silent_query_is_alive():
    (row,) = progress_rows("app", [], {}, -1)
    assert (row["batch_id"], row["input_rows"], row["durations_ms"]) == (0, 0, "{}")
