-- From Kafka's timestamp of a record to the writing of its row, just before the commit: over the rows after an id, at
-- most the newest 100,000.
SELECT
    coalesce(max(id), %(after_id)s) AS last_id,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
        ORDER BY extract(EPOCH FROM ingested_at - kafka_timestamp)
    ) AS seconds
FROM (
    SELECT id, ingested_at, kafka_timestamp
    FROM users
    WHERE id > %(after_id)s AND kafka_timestamp IS NOT NULL
    ORDER BY id DESC
    LIMIT 100000
) AS fresh;
