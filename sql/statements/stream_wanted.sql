SELECT wanted = 'running' FROM stream_state WHERE stream = 'users_stream';
