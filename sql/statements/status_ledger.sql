-- How far each partition of a topic is consumed, for the topic of that name that was seen last.
SELECT DISTINCT ON (partition) partition, next_offset
FROM stream_offsets
WHERE topic = %(topic)s
ORDER BY partition, opened_at DESC
