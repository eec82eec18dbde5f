-- Until when a person knows of what happened, and when rows were last erased on purpose.
SELECT
    (SELECT max(acknowledged_at) FROM acknowledgements) AS acknowledged_at,
    (SELECT max(erased_at) FROM users_erased) AS erased_at;
