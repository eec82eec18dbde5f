-- Run in the pipeline's database, as a superuser: what another role made there is handed over to the role pipeline. The
-- former owner may go on reading, and so may its views.
DO $$
DECLARE
    former TEXT;
BEGIN
    IF NOT has_schema_privilege('pipeline', 'public', 'CREATE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO pipeline;
    END IF;
    SELECT tableowner INTO former
    FROM pg_tables
    WHERE schemaname = 'public' AND tablename = 'users' AND tableowner <> 'pipeline';
    IF former IS NOT NULL THEN
        ALTER TABLE public.users OWNER TO pipeline;
        EXECUTE format('GRANT SELECT ON public.users TO %I', former);
    END IF;
END $$;
