-- Sessions of the stream's role: its driver, the tasks of its batch, and replays.
SELECT count(*) AS sessions FROM pg_stat_activity WHERE datname = current_database() AND usename = 'users_stream';
