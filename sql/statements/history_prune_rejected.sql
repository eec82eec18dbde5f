-- A batch at a time, so that no lock lasts. The ledger has counted them, and its totals stay.
DELETE FROM rejected_records
WHERE (topic_id, partition, "offset") IN (
    SELECT topic_id, partition, "offset" FROM rejected_records
    WHERE rejected_at < %(before)s
    ORDER BY rejected_at
    LIMIT %(batch)s
)
RETURNING 1 AS deleted;
