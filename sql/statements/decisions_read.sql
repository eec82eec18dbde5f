-- A decision that was made before somebody asked for something is overtaken by that.
SELECT
    action, subject, outcome,
    decided_at < (SELECT asked_at FROM stream_state WHERE stream = 'users_stream') AS overtaken
FROM decisions
WHERE id = %(id)s;
