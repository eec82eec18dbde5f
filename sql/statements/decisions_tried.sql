-- What the supervisor did since a moment, oldest first.
SELECT decided_at, action, outcome
FROM decisions
WHERE
    decided_at >= %(since)s
    AND action IN ('start', 'restart', 'stop', 'stop the surplus one', 'give up', 'ask for help')
ORDER BY id
LIMIT 6;
