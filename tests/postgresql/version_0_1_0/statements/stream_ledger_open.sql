INSERT INTO stream_offsets (topic, topic_id, partition, first_offset, next_offset)
VALUES (%(topic)s, %(topic_id)s, %(partition)s, %(first_offset)s, %(first_offset)s)
ON CONFLICT DO NOTHING;
