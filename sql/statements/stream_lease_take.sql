-- The lease is a lock of the session: PostgreSQL gives it back by itself when the session ends.
SELECT pg_try_advisory_lock(hashtextextended('users_stream', 0));
