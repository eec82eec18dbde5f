-- An outcome is written once.
UPDATE decisions
SET run_id = coalesce(%(run_id)s, run_id), outcome = %(outcome)s, subject = coalesce(%(subject)s, subject)
WHERE id = %(id)s AND outcome IS NULL;
