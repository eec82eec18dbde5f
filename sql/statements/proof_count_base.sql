-- The last count, and what a count of new rows goes on from there: none after a restoration into another cluster, where the numbers of
-- transactions begin anew, nor where the ids were set back.
-- is_due: it is a day since all rows were read, or some were erased. may_read_all: that costs a hundredth of the time.
SELECT
    base.counted_at,
    base.seconds,
    base.from_kafka,
    base.inserted,
    base.replayed,
    base.erased,
    base.all_read_at,
    base.settled_id,
    base.settled_rows,
    base.last_id,
    base.horizon::TEXT AS horizon,
    base.all_read_at < clock_timestamp() - INTERVAL '1 day'
    OR base.erased <> (SELECT coalesce(sum(from_kafka), 0) FROM users_erased) AS is_due,
    NOT EXISTS (
        SELECT FROM users_counted
        WHERE
            (counted_at = all_read_at OR from_kafka IS NULL)
            AND counted_at > clock_timestamp() - make_interval(secs => greatest(60, 100 * seconds))
    ) AS may_read_all
FROM users_counted AS base
WHERE
    base.horizon < pg_snapshot_xmax(pg_current_snapshot())
    AND base.settled_id <= (SELECT coalesce(max(id), 0) FROM users)
ORDER BY base.counted_at DESC
LIMIT 1;
