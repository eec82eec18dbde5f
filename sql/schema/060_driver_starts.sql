-- Every start of a Spark driver, also those that the lease or the wanted state refused.
CREATE TABLE IF NOT EXISTS driver_starts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    driver_id TEXT,
    application_id TEXT,
    code_version TEXT,
    ended_at TIMESTAMPTZ,
    -- refused: not wanted, or another driver holds the lease. NULL: it runs, or it died without a word.
    outcome TEXT CHECK (outcome IN ('refused', 'stopped', 'failed')),
    last_error TEXT
);

CREATE INDEX IF NOT EXISTS driver_starts_started_at ON driver_starts (started_at);
