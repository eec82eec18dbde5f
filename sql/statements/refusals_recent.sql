-- What the table refused since it last took a row, newest first.
SELECT detail
FROM rejected_records
WHERE
    reason = 'refused_by_database'
    AND replayed_at IS NULL
    AND rejected_at > coalesce((SELECT ingested_at FROM {table} ORDER BY id DESC LIMIT 1), '-infinity')
ORDER BY rejected_at DESC
LIMIT 20;
