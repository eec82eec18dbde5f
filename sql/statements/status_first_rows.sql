-- The first people of all.
SELECT id, name_first, name_last, country, email, ingested_at
FROM users
ORDER BY id
LIMIT 5
