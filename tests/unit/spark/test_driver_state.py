"""What of Spark's progress becomes rows of stream_progress."""

from spark.progress import rows

IDLE = {"batchId": 4, "timestamp": "2026-01-01T00:00:09.000Z", "numInputRows": 0, "durationMs": {"latestOffset": 2}}
BATCH = {
    "batchId": 3,
    "timestamp": "2026-01-01T00:00:05.000Z",
    "numInputRows": 10,
    "inputRowsPerSecond": 2.0,
    "processedRowsPerSecond": 20.0,
    "batchDuration": 500,
    "durationMs": {"addBatch": 400},
}


def test_each_batch_is_a_row():
    (row,) = rows("app", [BATCH], -1)
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


def test_the_batch_last_written_is_written_again_and_older_ones_are_not():
    written = [row["batch_id"] for row in rows("app", [BATCH | {"batchId": 2}, BATCH, IDLE], 3)]
    assert written == [3, 4]


def test_of_one_batch_the_latest_word_counts():
    assert [row["input_rows"] for row in rows("app", [IDLE, BATCH | {"batchId": 4}], 3)] == [10]


def test_a_query_that_has_said_nothing_is_alive_all_the_same():
    (row,) = rows("app", [], -1)
    assert (row["batch_id"], row["input_rows"], row["durations_ms"]) == (0, 0, "{}")
