-- Marks what was moved, gives what was not today's reason, and counts both: a replay that is over gives no row.
WITH marked AS (
    UPDATE rejected_records AS record
    SET
        replayed_at = CASE WHEN outcome.moved_as IS NOT NULL THEN clock_timestamp() END,
        replayed_as = outcome.moved_as,
        reason = coalesce(outcome.reason, record.reason),
        detail = coalesce(outcome.detail, record.detail),
        replay = %(id)s
    FROM
        unnest(%(offsets)s::BIGINT[], %(moved_as)s::TEXT[], %(reasons)s::TEXT[], %(details)s::TEXT[])
        AS outcome ("offset", moved_as, reason, detail)
    WHERE
        record.topic_id = %(topic_id)s
        AND record.partition = %(partition)s
        AND record."offset" = outcome."offset"
    RETURNING record.replayed_as
)

UPDATE replays
SET
    inserted = inserted + (SELECT count(*) FROM marked WHERE replayed_as = 'inserted'),
    duplicates = duplicates + (SELECT count(*) FROM marked WHERE replayed_as = 'duplicate'),
    still_rejected = still_rejected + (SELECT count(*) FROM marked WHERE replayed_as IS NULL),
    updated_at = clock_timestamp()
WHERE id = %(id)s AND outcome IS NULL
RETURNING found, inserted, duplicates, still_rejected;
