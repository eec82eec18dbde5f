UPDATE driver_starts
SET application_id = %(application_id)s, code_version = %(code_version)s
WHERE id = %(id)s;
