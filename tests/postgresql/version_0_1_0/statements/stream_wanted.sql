-- Whether this driver is wanted: the stream is, nobody gave up on it, and the driver is newer than the last restart.
SELECT
    state.wanted = 'running'
    AND state.gave_up_at IS NULL
    AND (state.restart_at IS NULL OR start.started_at > state.restart_at) AS wanted
FROM stream_state AS state
INNER JOIN driver_starts AS start ON start.id = %(start_id)s
WHERE state.stream = 'users_stream';
