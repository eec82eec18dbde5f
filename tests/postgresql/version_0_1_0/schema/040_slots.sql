-- One row for each slot of the grid that is over or under way. The run that inserts the row owns the slot.
CREATE TABLE IF NOT EXISTS slots (
    slot TIMESTAMPTZ PRIMARY KEY,
    run_id TEXT, -- NULL where no run came
    claimed_at TIMESTAMPTZ,
    emitted_at TIMESTAMPTZ,
    people INT,
    uuids UUID[], -- of the people that Kafka acknowledged
    outcome TEXT NOT NULL CHECK (outcome IN ('claimed', 'emitted', 'missed', 'failed')),
    detail TEXT
);

-- The claims under way: a handful, at any size of the table.
CREATE INDEX IF NOT EXISTS slots_claimed ON slots (claimed_at) WHERE outcome = 'claimed';
