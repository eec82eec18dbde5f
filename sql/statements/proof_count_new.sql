-- Goes on from an earlier count: reads the rows that it did not call settled, and the books in the same snapshot.
-- Counts nothing where rows were erased meanwhile: they may be among those that are not read.
-- A table that nobody has analyzed yet looks to PostgreSQL as if a third of it were new.
SET LOCAL enable_seqscan = off;

WITH old AS (DELETE FROM users_counted WHERE counted_at < now() - INTERVAL '7 days'),

books AS (
    SELECT
        (SELECT coalesce(sum(inserted), 0) FROM stream_offsets) AS inserted,
        (SELECT coalesce(sum(inserted), 0) FROM replays) AS replayed,
        (SELECT coalesce(sum(from_kafka), 0) FROM users_erased) AS erased,
        -- All that began before the horizon are over.
        pg_snapshot_xmin(pg_current_snapshot()) >= %(horizon)s::XID8 AS is_settled
),

newer AS (
    SELECT
        count(kafka_offset) AS from_kafka,
        count(kafka_offset) FILTER (WHERE id <= %(last_id)s) AS settled,
        greatest(max(id), %(last_id)s) AS last_id
    FROM users
    WHERE id > %(settled_id)s
)

INSERT INTO users_counted (
    from_kafka, inserted, replayed, erased, all_read_at, settled_id, settled_rows, last_id, horizon, seconds
)
SELECT
    %(settled_rows)s + newer.from_kafka,
    books.inserted,
    books.replayed,
    books.erased,
    %(all_read_at)s,
    CASE WHEN is_settled THEN %(last_id)s ELSE %(settled_id)s END,
    CASE WHEN is_settled THEN %(settled_rows)s + newer.settled ELSE %(settled_rows)s END,
    CASE WHEN is_settled THEN newer.last_id ELSE %(last_id)s END,
    -- This transaction gets its number now, after the snapshot: whoever drew an id that is seen here has a lower one.
    CASE WHEN is_settled THEN pg_current_xact_id() ELSE %(horizon)s::XID8 END,
    extract(EPOCH FROM clock_timestamp() - statement_timestamp())
FROM books CROSS JOIN newer
WHERE books.erased = %(erased)s
RETURNING counted_at, seconds, from_kafka, inserted, replayed, erased, all_read_at;
