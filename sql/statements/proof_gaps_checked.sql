-- Gaps that were read again, and those that nobody can read any more.
UPDATE skipped_offsets AS gap
SET checked_at = clock_timestamp()
FROM unnest(%(topic_ids)s::TEXT[], %(partitions)s::INT[], %(from_offsets)s::BIGINT[])
    AS checked (topic_id, partition, from_offset)
WHERE
    gap.topic_id = checked.topic_id
    AND gap.partition = checked.partition
    AND gap.from_offset = checked.from_offset;
