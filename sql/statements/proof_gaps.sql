-- Gaps that were not read again yet, the oldest first, with their age in seconds.
SELECT
    topic_id,
    partition,
    from_offset,
    to_offset,
    extract(EPOCH FROM clock_timestamp() - noticed_at)::DOUBLE PRECISION AS age
FROM skipped_offsets
WHERE
    reason = 'no_record'
    AND checked_at IS NULL
    AND record_offset IS NULL
    AND topic_id IN (SELECT topic_id FROM stream_offsets WHERE topic = %(topic)s)
ORDER BY noticed_at
LIMIT %(most)s;
