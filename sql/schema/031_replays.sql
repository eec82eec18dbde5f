-- Each replay of rejected records: what was asked, by whom, and how far it got.
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
    outcome TEXT CHECK (outcome IN ('done', 'failed')), -- NULL while it works
    error TEXT
);

ALTER TABLE rejected_records
ADD COLUMN IF NOT EXISTS replayed_as TEXT CHECK (replayed_as IN ('inserted', 'duplicate')),
ADD COLUMN IF NOT EXISTS replay BIGINT; -- the number of the last replay that read it

-- What each replay has still to read.
CREATE OR REPLACE VIEW replay_waiting AS
SELECT
    replays.id AS replay,
    record.topic_id,
    record.partition,
    record."offset",
    record.kafka_timestamp,
    record.payload,
    record.reason,
    record.detail
FROM replays
INNER JOIN rejected_records AS record
    ON
        record.replayed_at IS NULL
        AND record.replay IS DISTINCT FROM replays.id
        AND record.rejected_at <= replays.requested_at
        AND (replays.reason IS NULL OR record.reason = replays.reason)
        AND (replays.rejected_from IS NULL OR record.rejected_at >= replays.rejected_from)
        AND (replays.rejected_to IS NULL OR record.rejected_at < replays.rejected_to)
        AND (replays.partition IS NULL OR record.partition = replays.partition)
        AND (replays.from_offset IS NULL OR record."offset" >= replays.from_offset)
        AND (replays.to_offset IS NULL OR record."offset" <= replays.to_offset);
