-- The driver is alive, also while its batch takes long.
UPDATE stream_progress
SET heartbeat_at = clock_timestamp()
WHERE application_id = %(application_id)s AND batch_id = %(batch_id)s;
