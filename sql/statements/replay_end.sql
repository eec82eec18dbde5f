-- The first word on how a replay ended stands.
UPDATE replays
SET ended_at = clock_timestamp(), outcome = %(outcome)s, error = %(error)s
WHERE id = %(id)s AND outcome IS NULL;
