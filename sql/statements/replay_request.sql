INSERT INTO replays (requested_by, reason, rejected_from, rejected_to, partition, from_offset, to_offset)
VALUES (
    %(requested_by)s, %(reason)s, %(rejected_from)s, %(rejected_to)s, %(partition)s, %(from_offset)s, %(to_offset)s
)
RETURNING id;
