-- When the newest row of users was written; the highest id is the newest.
SELECT id, ingested_at
FROM users
ORDER BY id DESC
LIMIT 1
