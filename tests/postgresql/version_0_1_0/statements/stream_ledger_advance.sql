UPDATE stream_offsets
SET
    next_offset = %(next_offset)s,
    inserted = inserted + %(inserted)s,
    duplicates = duplicates + %(duplicates)s,
    rejected = rejected + %(rejected)s,
    skipped = skipped + %(skipped)s,
    updated_at = clock_timestamp()
WHERE topic = %(topic)s AND topic_id = %(topic_id)s AND partition = %(partition)s;
