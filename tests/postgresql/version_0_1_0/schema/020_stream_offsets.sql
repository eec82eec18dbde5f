-- The ledger: how far each Kafka partition has been consumed, written in the transaction that writes its rows.
-- topic_id is Kafka's own id of the topic: a topic deleted and created again gets new ledger rows.
CREATE TABLE IF NOT EXISTS stream_offsets (
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INT NOT NULL CHECK (partition >= 0),
    first_offset BIGINT NOT NULL CHECK (first_offset >= 0),
    next_offset BIGINT NOT NULL CHECK (next_offset >= first_offset),
    inserted BIGINT NOT NULL DEFAULT 0 CHECK (inserted >= 0),
    duplicates BIGINT NOT NULL DEFAULT 0 CHECK (duplicates >= 0),
    rejected BIGINT NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    skipped BIGINT NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    opened_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, topic_id, partition),
    -- Every offset between the two ends is one of four things. PostgreSQL refuses a ledger that does not add up.
    CONSTRAINT stream_offsets_balance
    CHECK (inserted + duplicates + rejected + skipped = next_offset - first_offset)
);

-- Offsets that held no record to read: a transaction's marker or a compacted record (no_record), or a record that
-- retention removed before the stream came to it (deleted_before_read). Both ends are included.
CREATE TABLE IF NOT EXISTS skipped_offsets (
    topic_id TEXT NOT NULL,
    partition INT NOT NULL,
    from_offset BIGINT NOT NULL,
    to_offset BIGINT NOT NULL CHECK (to_offset >= from_offset),
    reason TEXT NOT NULL CHECK (reason IN ('no_record', 'deleted_before_read')),
    noticed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition, from_offset)
);
