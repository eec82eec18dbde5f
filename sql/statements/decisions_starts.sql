-- What the supervisor itself started, or tried to, since a moment. A row whose run is still to come is no start yet.
SELECT decided_at, subject
FROM decisions
WHERE decided_at > %(since)s AND action IN ('start', 'restart') AND outcome IS NOT NULL AND outcome NOT LIKE 'not %%'
ORDER BY id;
