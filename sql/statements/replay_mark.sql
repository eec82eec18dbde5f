-- Marks what was moved, gives what was not today's reason, and counts both: a replay that was given up gives no row.
WITH moved AS (
    UPDATE rejected_records AS record
    SET
        replayed_at = clock_timestamp(),
        replayed_as = CASE WHEN left_out."offset" IS NULL THEN 'inserted' ELSE 'duplicate' END,
        replay = %(id)s
    FROM stream_batch LEFT JOIN stream_left_out AS left_out USING ("offset")
    WHERE
        record.topic_id = %(topic_id)s
        AND record.partition = %(partition)s
        AND record."offset" = stream_batch."offset"
        AND left_out.reason IS NULL
    RETURNING replayed_as
),

kept AS (
    UPDATE rejected_records AS record
    SET reason = left_out.reason, detail = left_out.detail
    FROM stream_left_out AS left_out
    WHERE
        record.topic_id = %(topic_id)s
        AND record.partition = %(partition)s
        AND record."offset" = left_out."offset"
        AND left_out.reason IS NOT NULL
    RETURNING 1
)

UPDATE replays
SET
    inserted = inserted + (SELECT count(*) FROM moved WHERE replayed_as = 'inserted'),
    duplicates = duplicates + (SELECT count(*) FROM moved WHERE replayed_as = 'duplicate'),
    still_rejected = still_rejected + (SELECT count(*) FROM kept),
    updated_at = clock_timestamp()
WHERE id = %(id)s AND outcome IS NULL
RETURNING inserted, duplicates, still_rejected;
