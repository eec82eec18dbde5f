-- All text: whatever the parser lets through, COPY takes it, and the guilty row is found when it is inserted.
CREATE TEMPORARY TABLE stream_batch (
    "offset" BIGINT,
    kafka_timestamp TIMESTAMPTZ,
    gender TEXT,
    name_title TEXT,
    name_first TEXT,
    name_last TEXT,
    street_number TEXT,
    street_name TEXT,
    city TEXT,
    state TEXT,
    country TEXT,
    postcode TEXT,
    email TEXT,
    uuid TEXT,
    dob_date TEXT,
    age TEXT,
    phone TEXT,
    cell TEXT,
    picture_large TEXT,
    email_domain TEXT,
    reason TEXT,
    detail TEXT
) ON COMMIT DROP;

-- Records that don't become rows: duplicates, which have no reason, and rejected ones.
CREATE TEMPORARY TABLE stream_left_out (
    "offset" BIGINT,
    uuid UUID,
    email TEXT,
    reason TEXT,
    detail TEXT
) ON COMMIT DROP;

-- Rejected records as Kafka holds them.
CREATE TEMPORARY TABLE stream_raw (
    "offset" BIGINT,
    kafka_timestamp TIMESTAMPTZ,
    key BYTEA,
    headers JSONB,
    payload BYTEA
) ON COMMIT DROP;
