-- The people. The columns down to email_domain are those of the project that this one replaces, in its order.
-- A table that is there already is brought to this shape by statements/legacy_*.sql, before this file is applied.
CREATE TABLE IF NOT EXISTS users (
    id BIGSERIAL PRIMARY KEY,
    gender VARCHAR(10),
    name_title VARCHAR(20),
    name_first VARCHAR(50),
    name_last VARCHAR(50),
    street_number INT,
    street_name VARCHAR(100),
    city VARCHAR(50),
    state VARCHAR(50),
    country VARCHAR(50),
    postcode VARCHAR(20),
    email VARCHAR(100),
    uuid UUID NOT NULL,
    dob_date TIMESTAMP, -- UTC
    age INT,
    phone VARCHAR(20),
    cell VARCHAR(20),
    picture_large TEXT,
    email_domain VARCHAR(50),
    -- When the row was written; NULL in rows from before this pipeline.
    ingested_at TIMESTAMPTZ DEFAULT clock_timestamp(),
    -- The Kafka record that the row came from; NULL in rows from before this pipeline.
    kafka_partition INT,
    kafka_offset BIGINT,
    kafka_timestamp TIMESTAMPTZ
);

CREATE UNIQUE INDEX IF NOT EXISTS users_uuid_key ON users (uuid);

-- What the next index was called before it left old rows alone.
DROP INDEX IF EXISTS users_incomplete;

-- Holds only rows without a value that the API always gives, so that the check complete_rows costs nothing at any size.
-- Rows from before this pipeline are left alone: what they lack, nobody can give them any more.
CREATE INDEX IF NOT EXISTS users_incomplete_rows ON users (id)
WHERE
ingested_at IS NOT NULL
AND (
    num_nulls(
        gender, name_title, name_first, name_last, street_number, street_name, city, state, postcode, email, uuid,
        dob_date, phone, cell, picture_large, email_domain
    ) > 0
    OR email_domain <> split_part(email, '@', -1)
);
