-- What is rejected in some stretches of offsets: from the first to before the second.
SELECT record.partition, record."offset", record.reason, record.replayed_as
FROM unnest(%(partitions)s::INT[], %(from_offsets)s::BIGINT[], %(to_offsets)s::BIGINT[])
    AS stretch (partition, from_offset, to_offset)
INNER JOIN rejected_records AS record
    ON
        record.partition = stretch.partition
        AND record."offset" >= stretch.from_offset
        AND record."offset" < stretch.to_offset
WHERE record.topic_id = %(topic_id)s;
