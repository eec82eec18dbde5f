-- The same uuid with the same e-mail is a duplicate, with another e-mail a conflict.
UPDATE stream_left_out
SET reason = 'uuid_conflict', detail = format('login.uuid %s is in users with another e-mail', uuid)
WHERE
    reason IS NULL
    AND email IS DISTINCT FROM (SELECT users.email FROM users WHERE users.uuid = stream_left_out.uuid);

INSERT INTO stream_left_out ("offset", reason, detail)
SELECT "offset", reason, detail FROM stream_batch WHERE reason IS NOT NULL;
