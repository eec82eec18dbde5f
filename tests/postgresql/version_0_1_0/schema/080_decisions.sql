-- What the supervisor saw and did about it: the first thing to read when something is wrong. Pruned.
CREATE TABLE IF NOT EXISTS decisions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    state TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    run_id TEXT,
    outcome TEXT
);

CREATE INDEX IF NOT EXISTS decisions_decided_at ON decisions (decided_at);

-- The driver or application that the decision is about; for a start, the driver that came of it.
ALTER TABLE decisions ADD COLUMN IF NOT EXISTS subject TEXT;
