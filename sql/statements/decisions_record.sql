INSERT INTO decisions (state, action, reason) VALUES (%(state)s, %(action)s, %(reason)s) RETURNING id;
