-- The driver finishes its batch and ends, and nobody starts another, until legacy_release.
ALTER TABLE stream_state ADD COLUMN IF NOT EXISTS held_since TIMESTAMPTZ;

UPDATE stream_state
SET wanted = 'stopped', since = now(), changed_by = 'provision (upgrade)', asked_at = now(), held_since = now()
WHERE stream = 'users_stream' AND wanted = 'running';
