-- Locks the next records of a replay after a place, and gives those of one partition, in order: bounded in number and
-- in bytes, but at least one. What is replayed or deleted while this waits for its lock does not count.
--
-- By the key's index, whatever statistics say: sorting all that waits, each time, makes a large replay crawl.
SET LOCAL enable_sort = off;

WITH waiting AS (
    SELECT * FROM replay_waiting
    WHERE replay = %(id)s AND (topic_id, partition, "offset") > (%(topic_id)s, %(partition)s, %(offset)s)
    ORDER BY topic_id, partition, "offset"
    LIMIT %(records)s
    FOR UPDATE
)

SELECT topic_id, partition, "offset", kafka_timestamp::TEXT, payload, reason, detail
FROM (
    SELECT
        *,
        row_number() OVER in_order AS number,
        sum(coalesce(octet_length(payload), 0)) OVER in_order AS bytes,
        first_value((topic_id, partition)) OVER in_order AS first_partition
    FROM waiting
    WINDOW in_order AS (ORDER BY topic_id, partition, "offset")
) AS counted
WHERE (number = 1 OR bytes <= %(bytes)s) AND (topic_id, partition) = first_partition
ORDER BY "offset";
