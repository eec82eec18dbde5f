-- A claim that stays a claim belongs to a run that died. The index slots_claimed holds such rows alone.
WITH given_up AS (
    UPDATE slots
    SET outcome = 'failed', detail = 'the run that claimed it ended without a word'
    WHERE outcome = 'claimed' AND claimed_at < %(before)s
    RETURNING slot
)

SELECT count(*) AS given_up FROM given_up;
