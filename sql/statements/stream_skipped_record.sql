INSERT INTO skipped_offsets (topic_id, partition, from_offset, to_offset, reason)
VALUES (%(topic_id)s, %(partition)s, %(from_offset)s, %(to_offset)s, %(reason)s);
