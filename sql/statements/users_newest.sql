-- Ids follow the order of writing but for transactions under way together, hence the newest of the last thousand.
SELECT max(ingested_at) AS newest
FROM (SELECT ingested_at FROM users ORDER BY id DESC LIMIT 1000) AS recent;
