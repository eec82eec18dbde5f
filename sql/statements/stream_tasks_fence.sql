-- Whoever takes the lease ends what older drivers' tasks still do.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE
    usename = current_user
    AND application_name LIKE 'users\_stream %%partition %%'
    AND application_name NOT LIKE %(own)s;
