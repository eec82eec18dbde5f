-- Run for each database once it is there: only the roles that work in it may enter it, and only its owner may make
-- temporary tables there. PostgreSQL would let every role into every database.
DO $$
DECLARE
    role_name TEXT;
BEGIN
    EXECUTE 'REVOKE ALL ON DATABASE ' || quote_ident(%(database)s) || ' FROM PUBLIC';
    EXECUTE 'GRANT CONNECT, TEMPORARY ON DATABASE ' || quote_ident(%(database)s) || ' TO ' || quote_ident(%(owner)s);
    FOREACH role_name IN ARRAY %(others)s::TEXT[] LOOP
        EXECUTE 'GRANT CONNECT ON DATABASE ' || quote_ident(%(database)s) || ' TO ' || quote_ident(role_name);
    END LOOP;
END $$;
