-- Whether users differs from what schema/010_users.sql makes, its indexes apart. Looks at the catalog only: where
-- PostgreSQL itself guards the rules, no row can break them. An id of 32 bits takes less: see legacy_narrow.
SELECT
    bool_or(is_other_type AND NOT (name = 'id' AND present_type = 'integer'))
    OR bool_or(is_wanted AND NOT is_present)
    OR bool_or(is_wanted AND never_null <> (name IN ('id', 'uuid')))
    OR bool_and(name <> 'id' OR NOT has_default)
    OR NOT EXISTS (SELECT FROM pg_index WHERE indrelid = 'users'::REGCLASS AND indisprimary) AS needed
FROM users_columns;
