-- A run that came too late says so itself.
INSERT INTO slots (slot, run_id, outcome, detail)
VALUES (%(slot)s, %(run_id)s, 'missed', %(detail)s)
ON CONFLICT DO NOTHING
RETURNING slot;
