INSERT INTO acknowledgements (acknowledged_by, note) VALUES (%(acknowledged_by)s, %(note)s)
RETURNING acknowledged_at;
