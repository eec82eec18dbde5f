-- Records that can't be rows of users, byte for byte, with the reason.
CREATE TABLE IF NOT EXISTS rejected_records (
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INT NOT NULL,
    "offset" BIGINT NOT NULL,
    kafka_timestamp TIMESTAMPTZ,
    key BYTEA,
    headers JSONB, -- [{"key": "slot", "value": "<base64>"}, …]; NULL where the record has none
    payload BYTEA, -- NULL for a tombstone
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    replayed_at TIMESTAMPTZ,
    PRIMARY KEY (topic_id, partition, "offset")
);

CREATE INDEX IF NOT EXISTS rejected_records_rejected_at ON rejected_records (rejected_at);
