-- Moves the rows that break a rule: empty, no_uuid, not_a_uuid, unreadable (a value that its column's type does not
-- take), doubled_uuid (of those that break no other rule, the lowest id stays).
DO $move$
DECLARE
    unreadable TEXT;
BEGIN
    SELECT string_agg(
        format(
            'WHEN NOT pg_input_is_valid(%1$I::TEXT, %2$L) THEN format(''%1$s: %%s'', left(%1$I::TEXT, 100))',
            name, CASE WHEN type LIKE 'timestamp%' THEN 'timestamptz' ELSE type END
        ),
        ' ' ORDER BY number
    ) INTO unreadable
    FROM users_columns
    WHERE is_other_type AND name NOT IN ('id', 'uuid');

    EXECUTE format($statement$
        WITH seen AS (
            SELECT
                ctid AS place,
                id,
                uuid::TEXT AS uuid,
                pg_input_is_valid(uuid::TEXT, 'uuid') AS is_uuid,
                uuid IS NULL AND jsonb_strip_nulls(to_jsonb(users) - 'id') = '{}' AS is_empty,
                CASE WHEN FALSE THEN NULL %s END AS unreadable
            FROM users
        ),

        judged AS (
            SELECT
                *,
                CASE
                    WHEN is_empty THEN 'empty'
                    WHEN uuid IS NULL THEN 'no_uuid'
                    WHEN NOT is_uuid THEN 'not_a_uuid'
                    WHEN unreadable IS NOT NULL THEN 'unreadable'
                END AS reason
            FROM seen
        ),

        compared AS (
            SELECT *, min(id) OVER (PARTITION BY reason IS NULL, CASE WHEN reason IS NULL THEN uuid::UUID END) AS first_id
            FROM judged
        ),

        moved AS (
            DELETE FROM users USING compared
            WHERE users.ctid = place AND (reason IS NOT NULL OR users.id <> first_id)
            RETURNING
                users.id,
                coalesce(reason, 'doubled_uuid') AS reason,
                CASE
                    WHEN reason IS NULL THEN format('the row with id %%s has this uuid', first_id)
                    WHEN reason = 'not_a_uuid' THEN left(compared.uuid, 100)
                    ELSE unreadable
                END AS detail,
                to_jsonb(users) AS "row"
        )

        INSERT INTO users_legacy_rejected (id, reason, detail, "row")
        SELECT id, reason, detail, "row" FROM moved
    $statement$, unreadable);
END $move$;
