-- The ledger: how far each Kafka partition has been consumed, written in the transaction that writes its rows.
-- topic_id is Kafka's own id of the topic: a topic deleted and created again gets new ledger rows.
-- records is what the sink counted as it read: no term is what is left over of the others, so a lost record shows.
CREATE TABLE IF NOT EXISTS stream_offsets (
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INT NOT NULL CHECK (partition >= 0),
    first_offset BIGINT NOT NULL CHECK (first_offset >= 0),
    next_offset BIGINT NOT NULL CHECK (next_offset >= first_offset),
    records BIGINT NOT NULL DEFAULT 0 CHECK (records >= 0),
    inserted BIGINT NOT NULL DEFAULT 0 CHECK (inserted >= 0),
    duplicates BIGINT NOT NULL DEFAULT 0 CHECK (duplicates >= 0),
    rejected BIGINT NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    skipped BIGINT NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    opened_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, topic_id, partition),
    -- Every record that was read became one of three things, and every offset between the two ends held a record or
    -- was skipped. PostgreSQL refuses a ledger that does not add up.
    CONSTRAINT stream_offsets_records CHECK (inserted + duplicates + rejected = records),
    CONSTRAINT stream_offsets_balance CHECK (records + skipped = next_offset - first_offset)
);

-- The table of version 0.1.0 has no records, and one constraint for both.
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'stream_offsets'::REGCLASS AND attname = 'records' AND NOT attisdropped
    ) THEN
        ALTER TABLE stream_offsets
        ADD COLUMN records BIGINT NOT NULL DEFAULT 0 CHECK (records >= 0),
        DROP CONSTRAINT IF EXISTS stream_offsets_balance;
        UPDATE stream_offsets SET records = inserted + duplicates + rejected;
        ALTER TABLE stream_offsets
        ADD CONSTRAINT stream_offsets_records CHECK (inserted + duplicates + rejected = records),
        ADD CONSTRAINT stream_offsets_balance CHECK (records + skipped = next_offset - first_offset);
    END IF;
END $$;

-- A stream of version 0.1.0 counts no records. It gets a sentence, which its row of driver_starts shows.
CREATE OR REPLACE FUNCTION stream_offsets_refuse_uncounted() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The tables are of a newer version of the pipeline than this stream, which can''t write to them.'
    USING ERRCODE = 'check_violation', HINT = 'Start the newer version, or restore a backup of before the upgrade.';
END $$;

DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'stream_offsets'::REGCLASS AND tgname = 'stream_offsets_uncounted'
    ) THEN
        CREATE TRIGGER stream_offsets_uncounted BEFORE UPDATE ON stream_offsets FOR EACH ROW
        WHEN (
            new.records = old.records
            AND (new.inserted, new.duplicates, new.rejected)
            IS DISTINCT FROM (old.inserted, old.duplicates, old.rejected)
        )
        EXECUTE FUNCTION stream_offsets_refuse_uncounted();
    END IF;
END $$;

-- Offsets that held no record to read: a transaction's marker or a compacted record (no_record), or a record that
-- retention removed before the stream came to it (deleted_before_read). Both ends are included.
CREATE TABLE IF NOT EXISTS skipped_offsets (
    topic_id TEXT NOT NULL,
    partition INT NOT NULL,
    from_offset BIGINT NOT NULL,
    to_offset BIGINT NOT NULL CHECK (to_offset >= from_offset),
    reason TEXT NOT NULL CHECK (reason IN ('no_record', 'deleted_before_read')),
    noticed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    checked_at TIMESTAMPTZ, -- when nothing_lost read a no_record gap again and saw no record; NULL: not yet
    PRIMARY KEY (topic_id, partition, from_offset)
);

-- Gaps of version 0.1.0 count as checked: most of their offsets are gone from Kafka.
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'skipped_offsets'::REGCLASS AND attname = 'checked_at' AND NOT attisdropped
    ) THEN
        ALTER TABLE skipped_offsets ADD COLUMN checked_at TIMESTAMPTZ DEFAULT now();
        ALTER TABLE skipped_offsets ALTER COLUMN checked_at DROP DEFAULT;
    END IF;
END $$;
