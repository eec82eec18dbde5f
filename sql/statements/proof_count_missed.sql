INSERT INTO users_counted (seconds) VALUES (%(seconds)s)
RETURNING counted_at, seconds, from_kafka, inserted, replayed, erased, all_read_at;
