-- The last count, while another would be too dear: once a minute at most, and at most a hundredth of the time. After a
-- count of all rows, the next one reads new rows only.
SELECT counted_at, seconds, from_kafka, inserted, replayed, erased, all_read_at
FROM (SELECT * FROM users_counted ORDER BY counted_at DESC LIMIT 1) AS latest
WHERE
    counted_at > clock_timestamp() - make_interval(
        secs => CASE WHEN counted_at = all_read_at THEN 60 ELSE greatest(60, 100 * seconds) END
    );
