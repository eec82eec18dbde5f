SELECT partition, "offset", replayed_as
FROM rejected_records
WHERE
    topic_id = %(topic_id)s
    AND (partition, "offset") IN (
        SELECT * FROM unnest(%(partitions)s::INT[], %(offsets)s::BIGINT[])
    );
