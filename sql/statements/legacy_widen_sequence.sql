-- Ids of 64 bits from a sequence that would end at 2147483647.
DO $$
DECLARE
    ids REGCLASS := pg_get_serial_sequence('users', 'id')::REGCLASS;
BEGIN
    IF EXISTS (SELECT FROM pg_sequence WHERE seqrelid = ids AND seqtypid <> 'bigint'::REGTYPE)
        AND EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = 'users'::REGCLASS AND attname = 'id' AND atttypid = 'bigint'::REGTYPE
        ) THEN
        EXECUTE format('ALTER SEQUENCE %s AS BIGINT', ids);
    END IF;
END $$;
