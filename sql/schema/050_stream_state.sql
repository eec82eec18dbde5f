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
