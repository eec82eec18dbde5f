-- Where the stream stands: one row for each partition of the topic's present incarnation and of earlier ones.
SELECT topic_id, partition, next_offset, inserted, duplicates, rejected, skipped, updated_at
FROM stream_offsets
WHERE topic = %(topic)s
ORDER BY topic_id, partition;
