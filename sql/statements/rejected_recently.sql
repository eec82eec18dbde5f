-- What was consumed lately, by what the driver says of its batches, and what was rejected of it.
SELECT
    (
        SELECT coalesce(sum(input_rows), 0)::BIGINT FROM stream_progress
        WHERE heartbeat_at >= %(since)s AND started_at >= %(since)s
    ) AS consumed,
    coalesce((
        SELECT jsonb_object_agg(reason, records)
        FROM (
            SELECT reason, count(*) AS records FROM rejected_records WHERE rejected_at >= %(since)s GROUP BY reason
        ) AS by_reason
    ), '{}') AS reasons;
