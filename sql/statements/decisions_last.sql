SELECT max(decided_at) AS decided_at FROM decisions WHERE action = %(action)s;
