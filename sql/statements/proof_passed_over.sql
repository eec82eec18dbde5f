-- Gaps that hold a record, which nobody has acknowledged since it was seen there.
SELECT topic_id, partition, from_offset, to_offset, record_offset, noticed_at
FROM skipped_offsets
WHERE record_seen_at > (SELECT coalesce(max(acknowledged_at), '-infinity') FROM acknowledgements)
ORDER BY noticed_at, partition, from_offset;
