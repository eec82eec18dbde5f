INSERT INTO rejected_records (
    topic, topic_id, partition, "offset", kafka_timestamp, key, headers, payload, reason, detail
)
SELECT
    %(topic)s, %(topic_id)s, %(partition)s, "offset", kafka_timestamp, key, headers, payload,
    stream_left_out.reason, stream_left_out.detail
FROM stream_raw INNER JOIN stream_left_out USING ("offset")
ON CONFLICT DO NOTHING;
