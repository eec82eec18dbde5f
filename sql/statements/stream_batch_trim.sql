-- What lies below next_offset was committed before: by a retried task, another driver, or with other batch boundaries.
DELETE FROM stream_batch WHERE "offset" < %(next_offset)s OR "offset" >= %(end_offset)s;
