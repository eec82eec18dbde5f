-- In Dagster's own storage: events that belong to no run, a batch at a time. Sensors report them, delete_run leaves them,
-- and Dagster has no call for them. The newest of each asset and kind stays, so that the UI always knows the last state.
WITH newest AS (
    SELECT max(id) AS id
    FROM event_logs
    WHERE run_id = ''
    GROUP BY asset_key, dagster_event_type
),

old AS (
    SELECT id
    FROM event_logs
    WHERE
        run_id = ''
        AND "timestamp" < (%(before)s::timestamptz AT TIME ZONE 'UTC')
        AND id NOT IN (SELECT id FROM newest)
        AND id NOT IN (
            SELECT max(evaluation_event_storage_id)
            FROM asset_check_executions
            WHERE evaluation_event_storage_id IS NOT NULL
            GROUP BY asset_key, check_name
        )
    ORDER BY id
    LIMIT %(batch)s
),

checks AS (DELETE FROM asset_check_executions WHERE evaluation_event_storage_id IN (SELECT id FROM old)),

tags AS (DELETE FROM asset_event_tags WHERE event_id IN (SELECT id FROM old))

DELETE FROM event_logs WHERE id IN (SELECT id FROM old) RETURNING id;
