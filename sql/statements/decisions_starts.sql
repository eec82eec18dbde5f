-- What the supervisor itself started since a moment.
SELECT decided_at, subject
FROM decisions
WHERE decided_at > %(since)s AND action IN ('start', 'restart') AND outcome IS DISTINCT FROM 'not needed'
ORDER BY id;
