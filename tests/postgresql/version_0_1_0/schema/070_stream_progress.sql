-- What the driver says of itself: a row for each batch, its heartbeat moved on while no input comes. Pruned.
CREATE TABLE IF NOT EXISTS stream_progress (
    application_id TEXT NOT NULL,
    batch_id BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    heartbeat_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    input_rows BIGINT NOT NULL,
    input_rows_per_second DOUBLE PRECISION,
    processed_rows_per_second DOUBLE PRECISION,
    batch_ms BIGINT NOT NULL,
    durations_ms JSONB NOT NULL, -- Spark's own names for the phases of a batch
    PRIMARY KEY (application_id, batch_id)
);

CREATE INDEX IF NOT EXISTS stream_progress_heartbeat_at ON stream_progress (heartbeat_at);
