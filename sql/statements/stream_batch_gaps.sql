-- Offsets between next_offset and the batch's end that hold no record.
INSERT INTO skipped_offsets (topic_id, partition, from_offset, to_offset, reason)
SELECT %(topic_id)s, %(partition)s, from_offset, to_offset, 'no_record'
FROM (
    SELECT
        lag("offset", 1, %(next_offset)s::BIGINT - 1) OVER (ORDER BY "offset") + 1 AS from_offset,
        "offset" - 1 AS to_offset
    FROM (SELECT "offset" FROM stream_batch UNION ALL SELECT %(end_offset)s) AS offsets
) AS gaps
WHERE from_offset <= to_offset;
