SELECT topic_id, partition, first_offset, next_offset, records, inserted, duplicates, rejected, skipped, opened_at
FROM stream_offsets
WHERE topic = %(topic)s
ORDER BY topic_id, partition;
