-- The newest error of a driver, unless another came as far as Spark since then and the ledger has moved. A task may
-- outlive its driver by a moment, and move it too. A driver that has not ended writes an error while it tries on.
-- A refusal is no error of the stream: it comes where nothing else is known, and says that another holds the lease.
WITH since AS (
    SELECT
        greatest(asked_at, restart_at) AS asked_at,
        (SELECT coalesce(max(updated_at), '-infinity') FROM stream_offsets) AS moved_at,
        (SELECT coalesce(max(id), 0) FROM driver_starts WHERE application_id IS NOT NULL) AS newest_id
    FROM stream_state
    WHERE stream = 'users_stream'
)

SELECT start.last_error, start.outcome, start.ended_at
FROM driver_starts AS start CROSS JOIN since
WHERE
    start.last_error IS NOT NULL
    AND CASE
        WHEN start.outcome IN ('failed', 'lost') THEN start.id >= since.newest_id OR start.ended_at > since.moved_at
        WHEN start.outcome = 'refused' THEN start.id >= since.newest_id AND start.started_at > since.asked_at
        WHEN start.outcome IS NULL THEN start.id = since.newest_id
    END
ORDER BY start.outcome IS NOT DISTINCT FROM 'refused', start.id DESC
LIMIT 1;
