-- The newest row of all stays: it says when the stream was last alive.
DELETE FROM stream_progress
WHERE heartbeat_at < %(before)s AND heartbeat_at < (SELECT max(heartbeat_at) FROM stream_progress)
RETURNING batch_id;
