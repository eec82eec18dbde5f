-- Each replay of rejected records: what was asked, by whom, and how far it got. The job asks, the Spark program answers.
CREATE TABLE IF NOT EXISTS replays (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    requested_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    requested_by TEXT NOT NULL,
    -- What was asked for; NULL asks for all.
    reason TEXT,
    rejected_from TIMESTAMPTZ,
    rejected_to TIMESTAMPTZ,
    partition INT,
    from_offset BIGINT,
    to_offset BIGINT, -- included
    -- How far it got, written in the transactions that move the records.
    started_at TIMESTAMPTZ,
    found BIGINT,
    inserted BIGINT NOT NULL DEFAULT 0,
    duplicates BIGINT NOT NULL DEFAULT 0,
    still_rejected BIGINT NOT NULL DEFAULT 0,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    ended_at TIMESTAMPTZ,
    outcome TEXT CHECK (outcome IN ('done', 'failed')), -- NULL while it waits or works
    error TEXT
);

ALTER TABLE rejected_records
ADD COLUMN IF NOT EXISTS replayed_as TEXT CHECK (replayed_as IN ('inserted', 'duplicate')),
ADD COLUMN IF NOT EXISTS replay BIGINT; -- the number of the replay that moved it
