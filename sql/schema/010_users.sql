-- The people. The columns down to email_domain are those of the project that this one replaces, in its order.
CREATE TABLE IF NOT EXISTS users (
    id SERIAL PRIMARY KEY,
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
    uuid UUID,
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

-- A table from before this pipeline: its rows keep NULL in the new columns.
ALTER TABLE users
ADD COLUMN IF NOT EXISTS ingested_at TIMESTAMPTZ,
ADD COLUMN IF NOT EXISTS kafka_partition INT,
ADD COLUMN IF NOT EXISTS kafka_offset BIGINT,
ADD COLUMN IF NOT EXISTS kafka_timestamp TIMESTAMPTZ,
ALTER COLUMN ingested_at SET DEFAULT clock_timestamp();

CREATE UNIQUE INDEX IF NOT EXISTS users_uuid_key ON users (uuid);

-- Holds only rows without a value that the API always gives, so that the check complete_rows costs nothing at any size.
CREATE INDEX IF NOT EXISTS users_incomplete ON users (id)
WHERE
num_nulls(
    gender, name_title, name_first, name_last, street_number, street_name, city, state, postcode, email, uuid,
    dob_date, phone, cell, picture_large, email_domain
) > 0
OR email_domain <> split_part(email, '@', -1);
