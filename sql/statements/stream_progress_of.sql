-- What the stream's own applications say: another driver, started past Spark's master, writes here too.
SELECT
    application_id, batch_id, started_at, heartbeat_at, input_rows, input_rows_per_second,
    processed_rows_per_second, batch_ms
FROM stream_progress
WHERE application_id = ANY(%(applications)s)
ORDER BY heartbeat_at DESC
LIMIT 1;
