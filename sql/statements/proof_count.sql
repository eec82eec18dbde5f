-- Reads every row, and the books in the same snapshot: a transaction that writes rows writes the ledger too, so both
-- are of one moment. The next counts go on from here, see proof_count_new.
WITH old AS (DELETE FROM users_counted WHERE counted_at < now() - INTERVAL '7 days'),

base AS (
    SELECT CASE WHEN pg_snapshot_xmin(pg_current_snapshot()) >= horizon THEN last_id ELSE settled_id END AS settled_id
    FROM users_counted
    WHERE
        horizon < pg_snapshot_xmax(pg_current_snapshot())
        AND last_id <= (SELECT coalesce(max(id), 0) FROM users)
    ORDER BY counted_at DESC
    LIMIT 1
),

settled AS (SELECT coalesce((SELECT settled_id FROM base), 0) AS id),

people AS (
    SELECT
        count(kafka_offset) AS from_kafka,
        count(kafka_offset) FILTER (WHERE id <= (SELECT settled.id FROM settled)) AS settled,
        coalesce(max(id), 0) AS last_id
    FROM users
)

INSERT INTO users_counted (
    from_kafka, inserted, replayed, erased, counted_at, all_read_at, settled_id, settled_rows, last_id, horizon, seconds
)
SELECT
    people.from_kafka,
    (SELECT coalesce(sum(inserted), 0) FROM stream_offsets),
    (SELECT coalesce(sum(inserted), 0) FROM replays),
    (SELECT coalesce(sum(from_kafka), 0) FROM users_erased),
    statement_timestamp(),
    statement_timestamp(),
    settled.id,
    people.settled,
    people.last_id,
    pg_current_xact_id(),
    extract(EPOCH FROM clock_timestamp() - statement_timestamp())
FROM people CROSS JOIN settled
RETURNING counted_at, seconds, from_kafka, inserted, replayed, erased, all_read_at;
