UPDATE driver_starts
SET ended_at = clock_timestamp(), outcome = %(outcome)s, last_error = %(last_error)s
WHERE id = %(id)s;
