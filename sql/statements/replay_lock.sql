-- One replay at a time. PostgreSQL gives the lock back by itself when the session ends.
SELECT pg_try_advisory_lock(hashtextextended('replay_rejected', 0));
