-- The newest error that a driver wrote of itself.
SELECT last_error, ended_at
FROM driver_starts
WHERE outcome IN ('failed', 'lost') AND last_error IS NOT NULL
ORDER BY id DESC
LIMIT 1;
