-- Rows and books in one snapshot: a transaction that writes rows writes the ledger too, so both are of one moment.
WITH old AS (DELETE FROM users_counted WHERE counted_at < now() - INTERVAL '7 days')

INSERT INTO users_counted (from_kafka, inserted, replayed, erased, seconds)
SELECT
    people.from_kafka,
    (SELECT coalesce(sum(inserted), 0) FROM stream_offsets),
    (SELECT coalesce(sum(inserted), 0) FROM replays),
    (SELECT coalesce(sum(from_kafka), 0) FROM users_erased),
    extract(EPOCH FROM clock_timestamp() - statement_timestamp())
FROM (SELECT count(kafka_offset) AS from_kafka FROM users) AS people
RETURNING counted_at, seconds, from_kafka, inserted, replayed, erased;
