-- From now on a driver that asks is refused, until somebody asks for the stream.
UPDATE stream_state SET gave_up_at = clock_timestamp() WHERE stream = 'users_stream';
