-- Own tasks that have waited for their client for too long, within a transaction.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE
    usename = current_user
    AND application_name LIKE %(own)s
    AND wait_event = 'ClientRead'
    AND xact_start IS NOT NULL
    AND state_change < clock_timestamp() - INTERVAL '30 seconds';
