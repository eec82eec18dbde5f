SELECT started_at, driver_id, application_id, code_version, ended_at, outcome, last_error
FROM driver_starts
ORDER BY started_at DESC
LIMIT 1;
