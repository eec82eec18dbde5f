-- The stream's role may do what the driver and its tasks do, and nothing else.
GRANT SELECT, INSERT ON users, rejected_records, skipped_offsets TO users_stream;
GRANT SELECT, INSERT, UPDATE ON stream_offsets, driver_starts, stream_progress TO users_stream;
GRANT SELECT ON stream_state, created_topics TO users_stream;
-- Of version 0.1.0, whose stream replayed rejected records and took each batch through a temporary table.
REVOKE UPDATE ON rejected_records FROM users_stream;
REVOKE ALL ON replays FROM users_stream;
DO $$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO users_stream', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM users_stream', current_database());
END $$;
-- The sequence of the ids has another name in some tables from before this pipeline.
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO users_stream', pg_get_serial_sequence('users', 'id'));
END $$;

-- Whoever locks a row of the ledger and then says nothing, in a forgotten psql for example, would hold up the stream.
-- Only a database's owner may say so; one that the earlier project made belongs to another role, and is used as it is.
DO $$
BEGIN
    IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
        EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = %L', current_database(), '60s');
    END IF;
END $$;
