-- The owner has the last word on its slot, also after slot_watch gave it up.
UPDATE slots
SET
    emitted_at = %(emitted_at)s,
    people = %(people)s,
    uuids = %(uuids)s::uuid[],
    outcome = %(outcome)s,
    detail = %(detail)s
WHERE slot = %(slot)s AND run_id = %(run_id)s;
