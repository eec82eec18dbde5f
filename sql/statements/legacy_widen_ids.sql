-- Writes the table and its indexes anew.
ALTER TABLE users ALTER COLUMN id TYPE BIGINT;
