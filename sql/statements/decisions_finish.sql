UPDATE decisions SET run_id = %(run_id)s, outcome = %(outcome)s WHERE id = %(id)s;
