INSERT INTO stream_left_out ("offset", reason, detail)
SELECT "offset", 'refused_by_database', %(detail)s FROM stream_batch
WHERE reason IS NULL AND "offset" BETWEEN %(from_offset)s AND %(to_offset)s;
