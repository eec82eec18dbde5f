-- Drivers that started before this moment finish their batch and end.
UPDATE stream_state SET restart_at = clock_timestamp() WHERE stream = 'users_stream';
