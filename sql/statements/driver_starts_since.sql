-- The drivers' records of their starts since a moment, and of the newest one that came as far as Spark.
SELECT started_at, driver_id, application_id, code_version, outcome
FROM driver_starts
WHERE
    started_at > %(since)s
    OR id = (SELECT max(id) FROM driver_starts WHERE application_id IS NOT NULL)
ORDER BY id;
