SELECT next_offset FROM stream_offsets
WHERE topic = %(topic)s AND topic_id = %(topic_id)s AND partition = %(partition)s
FOR UPDATE;
