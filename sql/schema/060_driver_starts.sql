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

-- Starts that are here when the column is made were of a version before it, whose driver does not know the tables. One
-- that starts again gets a sentence before its first batch, and its row of driver_starts shows it.
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'driver_starts'::REGCLASS AND attname = 'is_of_older_version' AND NOT attisdropped
    ) THEN
        ALTER TABLE driver_starts ADD COLUMN is_of_older_version BOOLEAN NOT NULL DEFAULT TRUE;
        ALTER TABLE driver_starts ALTER COLUMN is_of_older_version SET DEFAULT FALSE;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION driver_starts_refuse_older() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM driver_starts WHERE is_of_older_version AND code_version = new.code_version) THEN
        RAISE EXCEPTION 'The tables are of a newer version of the pipeline than this stream, which can''t write to them.'
        USING HINT = 'Start the newer version, or restore a backup of before the upgrade.';
    END IF;
    RETURN new;
END $$;

DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'driver_starts'::REGCLASS AND tgname = 'driver_starts_older'
    ) THEN
        CREATE TRIGGER driver_starts_older BEFORE UPDATE OF code_version ON driver_starts FOR EACH ROW
        WHEN (NOT new.is_of_older_version)
        EXECUTE FUNCTION driver_starts_refuse_older();
    END IF;
END $$;
