-- What is wanted of the stream.
SELECT wanted, since, changed_by
FROM stream_state
WHERE stream = 'users_stream'
