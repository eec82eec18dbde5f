-- The e-mails of rows whose uuid is there already.
SELECT uuid::TEXT, email FROM {table} WHERE uuid = ANY(%(uuids)s::UUID[]);
