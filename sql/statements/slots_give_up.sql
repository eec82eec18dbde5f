-- A claim that stays a claim belongs to a run that died.
UPDATE slots
SET outcome = 'failed', detail = 'the run that claimed it ended without a word'
WHERE outcome = 'claimed' AND claimed_at < %(before)s
RETURNING slot;
