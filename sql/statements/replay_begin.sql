-- Counts what a replay is going to read.
UPDATE replays
SET found = (SELECT count(*) FROM replay_waiting WHERE replay = replays.id)
WHERE id = %(id)s
RETURNING found;
