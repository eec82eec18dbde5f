-- Which records PostgreSQL itself takes for a person, and the columns of users that it casts them to, as text.
-- It reads the table `records` (number, value), and takes types and lengths from the table users.
WITH leaf (name, path, kinds) AS (
    VALUES
    ('gender', '{gender}', '{string}'::TEXT []),
    ('name_title', '{name,title}', '{string}'),
    ('name_first', '{name,first}', '{string}'),
    ('name_last', '{name,last}', '{string}'),
    ('street_number', '{location,street,number}', '{number}'),
    ('street_name', '{location,street,name}', '{string}'),
    ('city', '{location,city}', '{string}'),
    ('state', '{location,state}', '{string}'),
    ('country', '{location,country}', '{string}'),
    ('postcode', '{location,postcode}', '{string,number}'),
    ('email', '{email}', '{string}'),
    ('uuid', '{login,uuid}', '{string}'),
    ('dob_date', '{dob,date}', '{string,number}'),
    ('age', '{dob,age}', '{number}'),
    ('phone', '{phone}', '{string}'),
    ('cell', '{cell}', '{string}'),
    ('picture_large', '{picture,large}', '{string}'),
    ('email_domain', '{email}', '{string}')
),

person AS (
    SELECT number, as_json(value) AS json FROM records
),

node AS (
    SELECT
        number,
        name,
        kinds,
        json_typeof(json -> 'dob') IN ('string', 'number') AS dob_is_date,
        CASE
            WHEN name = 'dob_date' AND json_typeof(json -> 'dob') <> 'object' THEN json -> 'dob'
            ELSE json #> path::TEXT []
        END AS json
    FROM person CROSS JOIN leaf
    WHERE json IS NOT NULL
),

trimmed AS (
    SELECT
        *,
        nullif(json_typeof(json), 'null') AS kind,
        btrim(json #>> '{}', %(white_space)s) AS text
    FROM node
),

field AS (
    SELECT
        number,
        name,
        kinds,
        kind,
        dob_is_date,
        -- Digits behind the microseconds are cut off, where PostgreSQL would round.
        CASE name
            WHEN 'email_domain' THEN split_part(text, '@', -1)
            WHEN 'dob_date' THEN regexp_replace(text, '(\.\d{6})\d{1,3}', '\1')
            ELSE text
        END AS text,
        text LIKE '%%@%%' AS has_domain,
        -- PostgreSQL reads dates of many more spellings, "now" among them.
        text ~ '^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$' AS is_spelled_as_date
    FROM trimmed
),

typed AS (
    SELECT
        field.*,
        format_type(atttypid, atttypmod) AS type
    FROM field INNER JOIN pg_attribute ON attrelid = 'users'::REGCLASS AND attname = name
),

verdict AS (
    SELECT
        *,
        CASE
            WHEN kind IS NULL THEN name = 'country' OR (name = 'age' AND dob_is_date)
            WHEN kind <> ALL(kinds) OR (kind = 'number' AND text ~ '[.eE]') THEN FALSE
            WHEN name = 'dob_date' AND kind = 'number' THEN CASE
                -- The years from 1 to 9999.
                WHEN pg_input_is_valid(text, 'bigint') THEN text::BIGINT BETWEEN -62135596800 AND 253402300799
                ELSE FALSE
            END
            WHEN name = 'dob_date' THEN CASE
                WHEN is_spelled_as_date AND pg_input_is_valid(text, 'timestamptz')
                    THEN extract(YEAR FROM text::TIMESTAMPTZ) BETWEEN 1 AND 9999
                ELSE FALSE
            END
            WHEN NOT pg_input_is_valid(text, type) THEN FALSE
            -- PostgreSQL takes one in braces or without hyphens too.
            WHEN name = 'uuid' THEN text::UUID::TEXT = lower(text)
            WHEN name = 'email_domain' THEN has_domain AND text <> ''
            ELSE TRUE
        END AS fits
    FROM typed
),

taken AS (
    SELECT number FROM verdict
    GROUP BY number
    HAVING bool_and(fits)
)

SELECT
    number,
    json_object_agg(name, CASE
        WHEN kind IS NULL THEN NULL
        WHEN name = 'dob_date' AND kind = 'number' THEN (to_timestamp(text::BIGINT) AT TIME ZONE 'UTC')::TEXT
        WHEN name = 'dob_date' THEN (text::TIMESTAMPTZ AT TIME ZONE 'UTC')::TEXT
        WHEN name = 'uuid' THEN text::UUID::TEXT
        WHEN kind = 'number' AND type = 'integer' THEN text::INTEGER::TEXT
        ELSE text
    END) AS columns
FROM verdict INNER JOIN taken USING (number)
GROUP BY number
