-- Login roles, each with no more rights than its work needs. Run as a superuser, with a password for each role.
DO $$
DECLARE
    role_name TEXT;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['pipeline', 'users_stream', 'dagster'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE 'CREATE ROLE ' || quote_ident(role_name) || ' LOGIN';
        END IF;
    END LOOP;
END $$;

ALTER ROLE pipeline PASSWORD %(pipeline_password)s;
ALTER ROLE users_stream PASSWORD %(users_stream_password)s;
ALTER ROLE dagster PASSWORD %(dagster_password)s;
