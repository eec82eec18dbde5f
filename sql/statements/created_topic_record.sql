INSERT INTO created_topics (topic_id, topic) VALUES (%(topic_id)s, %(topic)s) ON CONFLICT DO NOTHING;
