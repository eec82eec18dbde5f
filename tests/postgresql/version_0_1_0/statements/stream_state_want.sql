-- "since" moves only when what is wanted changes. To ask again closes the breaker.
INSERT INTO stream_state (stream, wanted, changed_by, code_version)
VALUES ('users_stream', %(wanted)s, %(changed_by)s, %(code_version)s)
ON CONFLICT (stream) DO UPDATE SET
    since = CASE WHEN stream_state.wanted = excluded.wanted THEN stream_state.since ELSE now() END,
    wanted = excluded.wanted,
    changed_by = excluded.changed_by,
    code_version = coalesce(excluded.code_version, stream_state.code_version),
    asked_at = now(),
    gave_up_at = NULL;
