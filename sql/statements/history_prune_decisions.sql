-- The newest row stays: it says since when the stream has been as it is.
DELETE FROM decisions
WHERE decided_at < %(before)s AND id < (SELECT max(id) FROM decisions)
RETURNING id;
