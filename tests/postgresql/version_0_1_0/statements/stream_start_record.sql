INSERT INTO driver_starts (driver_id) VALUES (%(driver_id)s) RETURNING id;
