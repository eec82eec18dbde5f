-- What somebody deleted from users on purpose: one row a statement, so that the check nothing_lost can account for it.
CREATE TABLE IF NOT EXISTS users_erased (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    erased_by TEXT NOT NULL,
    statement TEXT NOT NULL CHECK (statement IN ('DELETE', 'TRUNCATE')),
    row_count BIGINT NOT NULL,
    -- Those of them that came from a Kafka record: the ones that the ledger has counted as inserted.
    from_kafka BIGINT NOT NULL
);

-- With the rights of its owner: whoever may delete people need not be allowed to write here, and can't avoid it.
CREATE OR REPLACE FUNCTION users_note_erased() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO users_erased (erased_by, statement, row_count, from_kafka)
        SELECT session_user, TG_OP, count(*), count(kafka_offset) FROM erased HAVING count(*) > 0;
    ELSE
        INSERT INTO users_erased (erased_by, statement, row_count, from_kafka)
        SELECT session_user, TG_OP, count(*), count(kafka_offset) FROM users HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

-- Made only where they are missing: making a trigger keeps writers out of the table for a moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'users'::REGCLASS AND tgname = 'users_deleted') THEN
        CREATE TRIGGER users_deleted AFTER DELETE ON users
        REFERENCING OLD TABLE AS erased FOR EACH STATEMENT EXECUTE FUNCTION users_note_erased();
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'users'::REGCLASS AND tgname = 'users_truncated') THEN
        CREATE TRIGGER users_truncated BEFORE TRUNCATE ON users
        FOR EACH STATEMENT EXECUTE FUNCTION users_note_erased();
    END IF;
END $$;
