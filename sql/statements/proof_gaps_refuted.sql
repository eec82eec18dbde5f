-- Gaps that hold a record after all. They stay unchecked.
UPDATE skipped_offsets AS gap
SET record_offset = refuted.record_offset, record_seen_at = clock_timestamp()
FROM unnest(%(topic_ids)s::TEXT[], %(partitions)s::INT[], %(from_offsets)s::BIGINT[], %(record_offsets)s::BIGINT[])
    AS refuted (topic_id, partition, from_offset, record_offset)
WHERE
    gap.topic_id = refuted.topic_id
    AND gap.partition = refuted.partition
    AND gap.from_offset = refuted.from_offset;
