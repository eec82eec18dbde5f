-- The newest rows, newest first: how long a state has lasted, and what is still open.
SELECT id, decided_at, state, action, reason, run_id, outcome, subject
FROM decisions
ORDER BY id DESC
LIMIT 50;
