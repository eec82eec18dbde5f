-- What the transaction under way has moved.
SELECT reason, count(*) AS row_count
FROM users_legacy_rejected
WHERE moved_at = now()
GROUP BY reason
ORDER BY reason;
