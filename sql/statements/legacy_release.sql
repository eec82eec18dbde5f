-- What legacy_hold stopped is wanted again; what somebody else stopped in the meantime stays stopped. A driver that did
-- not end makes room for one that knows the new tables.
WITH held AS (
    SELECT stream, wanted = 'stopped' AND changed_by = 'provision (upgrade)' AS is_ours
    FROM stream_state
    WHERE held_since IS NOT NULL
)

UPDATE stream_state
SET
    wanted = CASE WHEN is_ours THEN 'running' ELSE wanted END,
    since = CASE WHEN is_ours THEN now() ELSE since END,
    changed_by = CASE WHEN is_ours THEN 'provision' ELSE changed_by END,
    asked_at = CASE WHEN is_ours THEN now() ELSE asked_at END,
    restart_at = clock_timestamp(),
    held_since = NULL
FROM held
WHERE stream_state.stream = held.stream;
