-- The newest people since the row of that id, short enough for a terminal.
SELECT id, name_first || ' ' || name_last AS name, country, email, date_trunc('second', ingested_at) AS ingested_at
FROM users
WHERE id > %(id)s
ORDER BY id DESC
LIMIT %(most)s
