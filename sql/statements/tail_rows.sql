-- The rows after an id, but for those already seen, short enough for a line of a terminal.
SELECT id, name_first || ' ' || name_last AS name, country, email, ingested_at, kafka_partition, kafka_offset
FROM users
WHERE id > %(after)s AND id <> ALL(%(seen)s)
ORDER BY id
LIMIT %(most)s
