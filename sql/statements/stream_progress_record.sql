INSERT INTO stream_progress (
    application_id, batch_id, started_at, input_rows, input_rows_per_second, processed_rows_per_second,
    batch_ms, durations_ms
)
VALUES (
    %(application_id)s, %(batch_id)s, %(started_at)s, %(input_rows)s, %(input_rows_per_second)s,
    %(processed_rows_per_second)s, %(batch_ms)s, %(durations_ms)s
)
ON CONFLICT (application_id, batch_id) DO UPDATE SET
    started_at = excluded.started_at,
    heartbeat_at = clock_timestamp(),
    input_rows = excluded.input_rows,
    input_rows_per_second = excluded.input_rows_per_second,
    processed_rows_per_second = excluded.processed_rows_per_second,
    batch_ms = excluded.batch_ms,
    durations_ms = excluded.durations_ms;
