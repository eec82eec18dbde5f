-- Reads the whole index. users_observer counts once an hour and adds what the topic's ledger says in between.
SELECT
    count(*) AS row_count,
    (SELECT coalesce(sum(inserted), 0)::bigint FROM stream_offsets WHERE topic = %(topic)s) AS inserted
FROM users;
