SELECT wanted, since, changed_by, code_version FROM stream_state WHERE stream = 'users_stream';
