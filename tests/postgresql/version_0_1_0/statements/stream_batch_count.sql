SELECT
    (SELECT count(*) FROM stream_batch),
    count(*) FILTER (WHERE reason IS NULL),
    coalesce(array_agg("offset" ORDER BY "offset") FILTER (WHERE reason IS NOT NULL), '{}')
FROM stream_left_out;
