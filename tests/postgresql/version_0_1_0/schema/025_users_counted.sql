-- When the check nothing_lost counted users, and what the books said in the same snapshot. Prunes itself.
CREATE TABLE IF NOT EXISTS users_counted (
    counted_at TIMESTAMPTZ PRIMARY KEY DEFAULT clock_timestamp(),
    seconds DOUBLE PRECISION NOT NULL, -- that the count took
    from_kafka BIGINT, -- rows that came from a Kafka record; NULL where the table was too large to be counted in time
    inserted BIGINT,
    replayed BIGINT,
    erased BIGINT
);

-- What somebody knows of: losses and new lives of the topic that were noticed before no longer fail nothing_lost.
CREATE TABLE IF NOT EXISTS acknowledgements (
    acknowledged_at TIMESTAMPTZ PRIMARY KEY DEFAULT clock_timestamp(),
    acknowledged_by TEXT NOT NULL,
    note TEXT NOT NULL
);
