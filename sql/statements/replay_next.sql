-- The next records of a replay after a place, in order: bounded in number and in bytes, but at least one.
SELECT topic_id, partition, "offset", kafka_timestamp, payload
FROM (
    SELECT
        record.*,
        row_number() OVER in_order AS number,
        sum(coalesce(octet_length(payload), 0)) OVER in_order AS bytes
    FROM (
        SELECT record.topic_id, record.partition, record."offset", record.kafka_timestamp, record.payload
        FROM rejected_records AS record CROSS JOIN replays
        WHERE
            replays.id = %(id)s
            AND (record.topic_id, record.partition, record."offset") > (%(topic_id)s, %(partition)s, %(offset)s)
            AND record.replayed_at IS NULL
            AND record.rejected_at <= replays.requested_at
            AND (replays.reason IS NULL OR record.reason = replays.reason)
            AND (replays.rejected_from IS NULL OR record.rejected_at >= replays.rejected_from)
            AND (replays.rejected_to IS NULL OR record.rejected_at < replays.rejected_to)
            AND (replays.partition IS NULL OR record.partition = replays.partition)
            AND (replays.from_offset IS NULL OR record."offset" >= replays.from_offset)
            AND (replays.to_offset IS NULL OR record."offset" <= replays.to_offset)
        ORDER BY record.topic_id, record.partition, record."offset"
        LIMIT %(records)s
    ) AS record
    WINDOW in_order AS (ORDER BY topic_id, partition, "offset")
) AS counted
WHERE number = 1 OR bytes <= %(bytes)s
ORDER BY topic_id, partition, "offset";
