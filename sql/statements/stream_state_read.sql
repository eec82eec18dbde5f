SELECT wanted, since, changed_by, code_version, asked_at, gave_up_at FROM stream_state WHERE stream = 'users_stream';
