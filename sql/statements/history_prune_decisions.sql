DELETE FROM decisions WHERE decided_at < %(before)s RETURNING id;
