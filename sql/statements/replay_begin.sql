-- Counts what a replay is going to look at. One that was given up, or that is over, gives no row.
UPDATE replays
SET
    started_at = clock_timestamp(),
    updated_at = clock_timestamp(),
    found = (
        SELECT count(*) FROM rejected_records AS record
        WHERE
            record.replayed_at IS NULL
            AND record.rejected_at <= replays.requested_at
            AND (replays.reason IS NULL OR record.reason = replays.reason)
            AND (replays.rejected_from IS NULL OR record.rejected_at >= replays.rejected_from)
            AND (replays.rejected_to IS NULL OR record.rejected_at < replays.rejected_to)
            AND (replays.partition IS NULL OR record.partition = replays.partition)
            AND (replays.from_offset IS NULL OR record."offset" >= replays.from_offset)
            AND (replays.to_offset IS NULL OR record."offset" <= replays.to_offset)
    )
WHERE id = %(id)s AND outcome IS NULL
RETURNING found;
