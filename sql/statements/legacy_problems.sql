-- What stands in the way of an upgrade, in words; no row where nothing does.
SELECT format('it has no column %s, so it is not a table of people', name) AS problem
FROM users_columns
WHERE name IN ('uuid', 'email') AND NOT is_present

UNION ALL

SELECT format('its column %s is %s, which can''t become %s', name, present_type, type)
FROM users_columns
WHERE is_other_type AND NOT kind = ANY(made_from)

UNION ALL

SELECT format('its column %s is generated, so nothing can be written to it', name)
FROM users_columns
WHERE is_wanted AND is_generated

UNION ALL

SELECT format('its column %s must not be NULL and has no default, so the stream can''t insert a row', name)
FROM users_columns
WHERE NOT is_wanted AND never_null AND NOT has_default

UNION ALL

SELECT format('its primary key is not id alone, but %s', pg_get_indexdef(indexrelid))
FROM pg_index
WHERE
    indrelid = 'users'::REGCLASS AND indisprimary
    AND indkey::TEXT IS DISTINCT FROM (SELECT number::TEXT FROM users_columns WHERE name = 'id')

UNION ALL

SELECT DISTINCT
    format(
        'the view %s shows its column %s, whose type has to change: drop the view and create it again afterwards',
        ev_class::REGCLASS, name
    )
FROM users_columns
INNER JOIN pg_depend ON refobjid = 'users'::REGCLASS AND refobjsubid = number
INNER JOIN pg_rewrite ON classid = 'pg_rewrite'::REGCLASS AND objid = pg_rewrite.oid
WHERE is_other_type AND ev_class <> 'users'::REGCLASS;
