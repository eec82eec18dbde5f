-- Adds the columns that are missing and casts those of another type, in one pass. A time without a zone is one of UTC.
DO $$
DECLARE
    actions TEXT;
BEGIN
    SELECT string_agg(action, ', ' ORDER BY action) INTO actions
    FROM (
        SELECT format('ADD COLUMN %I %s', name, type) AS action
        FROM users_columns
        WHERE is_wanted AND NOT is_present AND name <> 'id'
        UNION ALL
        SELECT format('ALTER COLUMN %I DROP DEFAULT', name)
        FROM users_columns
        WHERE is_other_type AND has_default AND name <> 'id'
        UNION ALL
        SELECT format(
            CASE
                WHEN type LIKE 'timestamp without%' THEN 'ALTER COLUMN %1$I TYPE %2$s USING %1$I::TEXT::TIMESTAMPTZ AT TIME ZONE ''UTC'''
                ELSE 'ALTER COLUMN %1$I TYPE %2$s USING %1$I::TEXT::%2$s'
            END,
            name, type
        )
        FROM users_columns
        WHERE is_other_type
        UNION ALL
        SELECT format('ALTER COLUMN %I DROP NOT NULL', name)
        FROM users_columns
        WHERE is_wanted AND never_null AND name NOT IN ('id', 'uuid')
    ) AS every;
    EXECUTE concat_ws(
        ', ', 'ALTER TABLE users ALTER COLUMN uuid SET NOT NULL, ALTER COLUMN ingested_at SET DEFAULT clock_timestamp()', actions
    );
END $$;
