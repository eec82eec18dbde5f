-- What is wanted of the stream. Jobs write it; the driver and the supervisor obey it.
CREATE TABLE IF NOT EXISTS stream_state (
    stream TEXT PRIMARY KEY,
    wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped')),
    since TIMESTAMPTZ NOT NULL DEFAULT now(),
    changed_by TEXT NOT NULL,
    code_version TEXT
);

INSERT INTO stream_state (stream, wanted, changed_by)
SELECT 'users_stream', 'running', 'provision'
WHERE NOT EXISTS (SELECT FROM stream_state WHERE stream = 'users_stream');

-- asked_at: when somebody last asked for it; failed starts before that don't count.
-- restart_at: drivers that started before this moment finish their batch and end.
-- gave_up_at: when the supervisor gave up on starts that fail; NULL otherwise.
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS asked_at TIMESTAMPTZ NOT NULL DEFAULT now();
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS restart_at TIMESTAMPTZ;
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS gave_up_at TIMESTAMPTZ;

-- held_since: since when provision keeps a stream stopped that is wanted, for an upgrade of the tables; NULL otherwise.
-- It stands here so that the next provision ends what a killed one began.
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS held_since TIMESTAMPTZ;

-- The provision of version 0.1.0 inserts its row also where there is one, so it ends here, with nothing changed.
CREATE OR REPLACE FUNCTION stream_state_refuse_older() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM stream_state WHERE stream = new.stream) THEN
        RAISE EXCEPTION 'The tables are of a newer version of the pipeline than this one, which would spoil them.'
        USING HINT = 'Start the newer version, or restore a backup of before the upgrade.';
    END IF;
    RETURN new;
END $$;

DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'stream_state'::REGCLASS AND tgname = 'stream_state_older'
    ) THEN
        CREATE TRIGGER stream_state_older BEFORE INSERT ON stream_state FOR EACH ROW
        WHEN (new.changed_by = 'provision')
        EXECUTE FUNCTION stream_state_refuse_older();
    END IF;
END $$;
