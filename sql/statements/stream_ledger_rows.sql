SELECT topic_id, partition, next_offset FROM stream_offsets WHERE topic = %(topic)s;
