INSERT INTO decisions (decided_at, state, action, reason, subject, outcome)
VALUES (%(decided_at)s, %(state)s, %(action)s, %(reason)s, %(subject)s, %(outcome)s)
RETURNING id;
