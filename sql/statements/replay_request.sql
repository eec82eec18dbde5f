-- Whoever has the lock is alone: a replay that did not say how it ended is over.
WITH silent AS (
    UPDATE replays
    SET ended_at = clock_timestamp(), outcome = 'failed', error = 'It ended without a word.'
    WHERE outcome IS NULL
)

INSERT INTO replays (
    requested_by, reason, rejected_from, rejected_to, partition, from_offset, to_offset, started_at
)
VALUES (
    %(requested_by)s,
    %(reason)s,
    %(rejected_from)s,
    %(rejected_to)s,
    %(partition)s,
    %(from_offset)s,
    %(to_offset)s,
    clock_timestamp()
)
RETURNING id;
