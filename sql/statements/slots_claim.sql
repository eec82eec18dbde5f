-- The run that inserts the row owns the slot. No row back: somebody else owns it.
INSERT INTO slots (slot, run_id, claimed_at, outcome)
VALUES (%(slot)s, %(run_id)s, %(claimed_at)s, 'claimed')
ON CONFLICT DO NOTHING
RETURNING slot;
