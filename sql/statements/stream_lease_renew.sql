-- A holder that says nothing for so long is frozen: PostgreSQL ends its session, and the lease is free.
SELECT set_config('idle_session_timeout', %(good_for)s, FALSE);
