-- The id after which the last %(lines)s rows of users come.
SELECT
    coalesce(
        (SELECT min(id) - 1 FROM (SELECT id FROM users ORDER BY id DESC LIMIT %(lines)s) AS last_rows),
        (SELECT max(id) FROM users),
        0
    ) AS id
