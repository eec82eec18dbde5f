-- What a running driver tries to get past; NULL once it has.
UPDATE driver_starts SET last_error = %(last_error)s WHERE id = %(id)s AND outcome IS NULL;
