INSERT INTO decisions (state, action, reason, subject, outcome)
VALUES (%(state)s, %(action)s, %(reason)s, %(subject)s, %(outcome)s)
RETURNING id;
