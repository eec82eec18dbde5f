SELECT uuid::TEXT AS uuid, email, kafka_partition, kafka_offset FROM users WHERE uuid = ANY(%(uuids)s::UUID[]);
