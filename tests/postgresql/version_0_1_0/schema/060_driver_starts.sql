-- Every start of a Spark driver, also those that the lease or the wanted state refused.
CREATE TABLE IF NOT EXISTS driver_starts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    driver_id TEXT,
    application_id TEXT,
    code_version TEXT,
    ended_at TIMESTAMPTZ,
    -- refused: not wanted, or another driver holds the lease. failed: by an error of its own. lost: its JVM or its
    -- session of PostgreSQL ended, or Kafka could not be asked. NULL: it runs, or it died without a word.
    outcome TEXT CHECK (outcome IN ('refused', 'stopped', 'failed', 'lost')),
    last_error TEXT
);

-- The table of an earlier version knows no "lost".
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conname = 'driver_starts_outcome_check' AND pg_get_constraintdef(oid) LIKE '%lost%'
    ) THEN
        ALTER TABLE driver_starts DROP CONSTRAINT driver_starts_outcome_check;
        ALTER TABLE driver_starts ADD CHECK (outcome IN ('refused', 'stopped', 'failed', 'lost'));
    END IF;
END $$;

CREATE INDEX IF NOT EXISTS driver_starts_started_at ON driver_starts (started_at);
