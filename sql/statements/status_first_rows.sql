-- The first people of all, short enough for a terminal.
SELECT id, name_first || ' ' || name_last AS name, country, email, date_trunc('second', ingested_at) AS ingested_at
FROM users
ORDER BY id
LIMIT 5
