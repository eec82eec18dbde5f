-- While a valid unique index guards the column, PostgreSQL itself refuses a second row, at any size of the table.
SELECT count(*) > 0 AS guarded
FROM pg_index
JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
WHERE
    indrelid = 'users'::regclass
    AND attname = 'uuid'
    AND indnkeyatts = 1
    AND indisunique
    AND indisvalid
    AND indpred IS NULL;
