-- What is wanted of the stream. Jobs write it; the driver and the supervisor obey it.
CREATE TABLE IF NOT EXISTS stream_state (
    stream TEXT PRIMARY KEY,
    wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped')),
    since TIMESTAMPTZ NOT NULL DEFAULT now(),
    changed_by TEXT NOT NULL,
    code_version TEXT
);

INSERT INTO stream_state (stream, wanted, changed_by)
VALUES ('users_stream', 'running', 'provision')
ON CONFLICT DO NOTHING;

-- asked_at: when somebody last asked for it; failed starts before that don't count.
-- restart_at: drivers that started before this moment finish their batch and end.
-- gave_up_at: when the supervisor gave up on starts that fail; NULL otherwise.
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS asked_at TIMESTAMPTZ NOT NULL DEFAULT now();
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS restart_at TIMESTAMPTZ;
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS gave_up_at TIMESTAMPTZ;
