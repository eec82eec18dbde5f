-- Whether the ids of users, or the numbers that their sequence can give, have 32 bits, and what keeps the ids so.
SELECT
    coalesce(bool_or(is_other_type), FALSE) AS ids,
    coalesce(bool_or(present_type = 'bigint'), FALSE)
    AND EXISTS (
        SELECT FROM pg_sequence
        INNER JOIN pg_depend ON classid = 'pg_class'::REGCLASS AND objid = seqrelid
        INNER JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
        WHERE
            refclassid = 'pg_class'::REGCLASS
            AND refobjid = 'users'::REGCLASS
            AND attname = 'id'
            AND seqtypid <> 'bigint'::REGTYPE
    ) AS sequence,
    CASE
        WHEN bool_or(present_type = 'integer') THEN (SELECT string_agg(what, ', ' ORDER BY what) FROM users_id_holders)
    END AS held_by
FROM users_columns
WHERE name = 'id' AND is_present;
