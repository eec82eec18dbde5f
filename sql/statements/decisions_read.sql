SELECT action, subject, outcome FROM decisions WHERE id = %(id)s;
