-- The columns of a table's index, by the index's name.
SELECT array_agg(attname::TEXT)
FROM pg_index
INNER JOIN pg_class ON pg_class.oid = indexrelid
INNER JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indrelid = %(table)s::REGCLASS AND relname = %(index)s;
