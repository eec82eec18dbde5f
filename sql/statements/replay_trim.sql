-- Locks the records of the batch, and leaves out those that somebody else has replayed or deleted in the meantime.
WITH waiting AS (
    SELECT "offset" FROM rejected_records
    WHERE
        topic_id = %(topic_id)s
        AND partition = %(partition)s
        AND "offset" IN (SELECT "offset" FROM stream_batch)
        AND replayed_at IS NULL
    ORDER BY "offset"
    FOR UPDATE
)

DELETE FROM stream_batch WHERE "offset" NOT IN (SELECT "offset" FROM waiting);
