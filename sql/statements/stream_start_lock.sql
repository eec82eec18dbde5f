-- One start at a time: looking at the cluster and submitting must not interleave. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('start users_stream', 0)) AS alone;
