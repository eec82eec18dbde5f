-- When the check nothing_lost counted users, and what the books said in the same snapshot. Prunes itself.
CREATE TABLE IF NOT EXISTS users_counted (
    counted_at TIMESTAMPTZ PRIMARY KEY DEFAULT clock_timestamp(),
    seconds DOUBLE PRECISION NOT NULL, -- that the count took
    from_kafka BIGINT, -- rows that came from a Kafka record; NULL where the table was too large to be counted in time
    inserted BIGINT,
    replayed BIGINT,
    erased BIGINT
);

-- What a later count goes on from, so that it reads new rows only.
ALTER TABLE users_counted
-- When every row was read: this count, or the one that it goes on from.
ADD COLUMN IF NOT EXISTS all_read_at TIMESTAMPTZ,
-- No row with an id up to this one will appear any more, and so many of those that are there came from Kafka.
ADD COLUMN IF NOT EXISTS settled_id BIGINT,
ADD COLUMN IF NOT EXISTS settled_rows BIGINT,
-- The last id that was seen, and a transaction that began after it was. A transaction of the sink locks its row of the
-- ledger before it draws ids: once all that began before this one are over, no row up to last_id can appear any more.
ADD COLUMN IF NOT EXISTS last_id BIGINT,
ADD COLUMN IF NOT EXISTS horizon XID8;

-- What somebody knows of: losses and new lives of the topic that were noticed before no longer fail nothing_lost.
CREATE TABLE IF NOT EXISTS acknowledgements (
    acknowledged_at TIMESTAMPTZ PRIMARY KEY DEFAULT clock_timestamp(),
    acknowledged_by TEXT NOT NULL,
    note TEXT NOT NULL
);

-- A gap that nothing_lost read again and that holds a record: the first one's offset, and when it was seen.
ALTER TABLE skipped_offsets
ADD COLUMN IF NOT EXISTS record_offset BIGINT,
ADD COLUMN IF NOT EXISTS record_seen_at TIMESTAMPTZ;

-- Small at any size of the table.
CREATE INDEX IF NOT EXISTS skipped_offsets_unchecked ON skipped_offsets (noticed_at)
WHERE reason = 'no_record' AND checked_at IS NULL;
CREATE INDEX IF NOT EXISTS skipped_offsets_refuted ON skipped_offsets (record_seen_at)
WHERE record_seen_at IS NOT NULL;
