-- Ranges that retention deleted unread, and that nobody has acknowledged.
SELECT topic_id, partition, from_offset, to_offset, noticed_at
FROM skipped_offsets
WHERE
    reason = 'deleted_before_read'
    AND noticed_at > (SELECT coalesce(max(acknowledged_at), '-infinity') FROM acknowledgements)
ORDER BY noticed_at DESC, partition;
