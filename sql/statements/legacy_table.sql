-- What the name users stands for, and whether this role may change it; no row where there is nothing of that name.
SELECT
    relkind = 'r' AS is_table,
    relowner::regrole::TEXT AS owner,
    current_user::TEXT AS own_role,
    current_database()::TEXT AS database,
    pg_has_role(relowner, 'USAGE') AS may_change
FROM pg_class
WHERE oid = to_regclass('users');
