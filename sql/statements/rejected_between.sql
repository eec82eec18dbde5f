-- By reason, what was rejected between two readings of the ledger: offsets from the first to before the second.
SELECT record.reason, count(*) AS records
FROM unnest(%(topic_ids)s::TEXT[], %(partitions)s::INT[], %(from_offsets)s::BIGINT[], %(to_offsets)s::BIGINT[])
    AS moved (topic_id, partition, from_offset, to_offset)
INNER JOIN rejected_records AS record
    ON
        record.topic_id = moved.topic_id
        AND record.partition = moved.partition
        AND record."offset" >= moved.from_offset
        AND record."offset" < moved.to_offset
GROUP BY record.reason
ORDER BY record.reason;
