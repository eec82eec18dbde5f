-- What is wanted of the stream, and the time by the clock that every moment in these tables is of.
SELECT wanted, since, changed_by, code_version, asked_at, gave_up_at, clock_timestamp() AS now
FROM stream_state
WHERE stream = 'users_stream';
