-- What depends on the type of users.id, so that it can't change: a view, a trigger, a policy. What PostgreSQL makes anew
-- by itself (keys, indexes, statistics, the default) is none of it.
CREATE TEMPORARY TABLE users_id_holders ON COMMIT DROP AS
SELECT DISTINCT
    CASE
        WHEN classid = 'pg_rewrite'::REGCLASS
            THEN (
                SELECT pg_describe_object('pg_class'::REGCLASS, ev_class, 0)
                FROM pg_rewrite
                WHERE pg_rewrite.oid = objid
            )
        ELSE pg_describe_object(classid, objid, objsubid)
    END AS what
FROM pg_depend
INNER JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
WHERE
    refclassid = 'pg_class'::REGCLASS
    AND refobjid = 'users'::REGCLASS
    AND attname = 'id'
    AND classid IN (
        'pg_rewrite'::REGCLASS, 'pg_trigger'::REGCLASS, 'pg_policy'::REGCLASS, 'pg_proc'::REGCLASS,
        'pg_publication_rel'::REGCLASS
    );

-- The columns that users must have, beside those that it has. `made_from` names the kinds of types that can be cast.
CREATE TEMPORARY TABLE users_columns ON COMMIT DROP AS
WITH wanted (name, type, made_from) AS (
    VALUES
    ('id', 'bigint', '{number}'),
    ('gender', 'character varying(10)', '{text}'),
    ('name_title', 'character varying(20)', '{text}'),
    ('name_first', 'character varying(50)', '{text}'),
    ('name_last', 'character varying(50)', '{text}'),
    ('street_number', 'integer', '{number,text}'),
    ('street_name', 'character varying(100)', '{text}'),
    ('city', 'character varying(50)', '{text}'),
    ('state', 'character varying(50)', '{text}'),
    ('country', 'character varying(50)', '{text}'),
    ('postcode', 'character varying(20)', '{text,number}'),
    ('email', 'character varying(100)', '{text}'),
    ('uuid', 'uuid', '{uuid,text}'),
    ('dob_date', 'timestamp without time zone', '{time,text}'),
    ('age', 'integer', '{number,text}'),
    ('phone', 'character varying(20)', '{text,number}'),
    ('cell', 'character varying(20)', '{text,number}'),
    ('picture_large', 'text', '{text}'),
    ('email_domain', 'character varying(50)', '{text}'),
    ('ingested_at', 'timestamp with time zone', '{time,text}'),
    ('kafka_partition', 'integer', '{number,text}'),
    ('kafka_offset', 'bigint', '{number,text}'),
    ('kafka_timestamp', 'timestamp with time zone', '{time,text}')
),

present AS (
    SELECT
        attname::TEXT AS name,
        attnum AS number,
        attnotnull AS never_null,
        format_type(atttypid, atttypmod) AS type,
        CASE
            WHEN typcategory = 'S' THEN 'text'
            WHEN typname IN ('int2', 'int4', 'int8') THEN 'number'
            WHEN typname IN ('date', 'timestamp', 'timestamptz') THEN 'time'
            ELSE typname::TEXT
        END AS kind,
        attgenerated <> '' AS is_generated,
        atthasdef OR attidentity <> '' AS has_default
    FROM pg_attribute INNER JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = 'users'::REGCLASS AND attnum > 0 AND NOT attisdropped
)

SELECT
    name,
    wanted.type,
    wanted.made_from::TEXT[] AS made_from,
    present.type AS present_type,
    present.kind,
    present.number,
    wanted.type IS NOT NULL AS is_wanted,
    present.type IS NOT NULL AS is_present,
    -- An id of 32 bits does where something holds it.
    wanted.type <> present.type
    AND NOT (name = 'id' AND present.type = 'integer' AND EXISTS (SELECT FROM users_id_holders)) AS is_other_type,
    present.never_null,
    present.is_generated,
    present.has_default
FROM wanted FULL JOIN present USING (name);
