-- The last count, as long as another would be too dear: once a minute at most, and at most a hundredth of the time.
SELECT counted_at, seconds, from_kafka, inserted, replayed, erased
FROM users_counted
WHERE counted_at > clock_timestamp() - make_interval(secs => greatest(60, 100 * seconds))
ORDER BY counted_at DESC
LIMIT 1;
