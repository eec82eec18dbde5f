SELECT started_at, found, inserted, duplicates, still_rejected, outcome, error FROM replays WHERE id = %(id)s;
