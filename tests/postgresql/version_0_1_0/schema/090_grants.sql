-- The stream's role may do what the driver and its tasks do, and nothing else.
GRANT SELECT, INSERT ON users, rejected_records, skipped_offsets TO users_stream;
GRANT SELECT, INSERT, UPDATE ON stream_offsets, driver_starts, stream_progress TO users_stream;
GRANT SELECT ON stream_state TO users_stream;
-- A replay moves rejected records into users, and marks them; their key and payload stay as they came.
GRANT UPDATE (replayed_at, replayed_as, replay, reason, detail) ON rejected_records TO users_stream;
GRANT SELECT, UPDATE ON replays TO users_stream;
-- Each batch passes through a temporary table.
DO $$ BEGIN EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO users_stream', current_database()); END $$;
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
