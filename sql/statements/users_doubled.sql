-- Reads the whole table: only for the case that the unique index is gone.
SELECT coalesce(sum(copies - 1), 0)::bigint AS doubled
FROM (SELECT count(*) AS copies FROM users WHERE uuid IS NOT NULL GROUP BY uuid HAVING count(*) > 1) AS repeated;
