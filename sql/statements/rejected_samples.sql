SELECT partition, "offset", reason, detail, substring(payload FROM 1 FOR 80) AS payload
FROM rejected_records
WHERE rejected_at >= %(since)s
ORDER BY rejected_at DESC
LIMIT 3;
