-- Topics of this name that provisioning created: every record of theirs is the stream's.
SELECT topic_id FROM created_topics WHERE topic = %(topic)s;
